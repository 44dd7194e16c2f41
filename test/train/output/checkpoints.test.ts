/**
 * @file The power goes at any change of the disk while a run is saved: what is left is the state before, or the one that was being saved,
 * whole; and a model that is one of these two, or none that loads.
 */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { memoryHost } from "../../../src/host/in-memory.ts";
import { sharedRuntime } from "../../support/shared-runtime.ts";
import { train, type TrainRequest } from "../../../src/train/run.ts";
import { KINDS, powerCuts, savings } from "../saved-states.ts";

describe.each(Object.entries(KINDS))("a run of %s", (_, options) => {
  it("has one of two states whenever the power goes", async () => {
    for await (const saving of savings(options, 2)) {
      const { kills, problems } = await powerCuts(saving);
      expect(problems).toEqual([]);
      expect(kills).toBeGreaterThan(100);
    }
  });
});

const fixture = (path: string): Buffer =>
  readFileSync(new URL(`../../fixtures/runs/${path}`, import.meta.url));

describe("a checkpoint of an earlier version", () => {
  const request: TrainRequest = {
    data: "pairs.jsonl",
    model: { n_embd: 8, n_layer: 1, n_head: 1, n_positions: 32 },
    rank: 2,
    batchSize: 2,
    momentum: 0.9,
    translations: 0,
    evaluationBatches: 1,
    threads: 1,
  };

  it.each([
    ["without-identity", "state.safetensors", request],
    ["with-identity", "step-00000002.safetensors", {}],
  ])("%s is gone on from", async (folder, name, options) => {
    const path = `checkpoint/${name}`;
    // Earlier versions held out the end of a file.
    const lines = fixture("pairs.jsonl").toString().trim().split("\n");
    const share = Math.max(1, Math.floor(lines.length * 0.05));
    const files = {
      "pairs.jsonl": lines.slice(0, -share).join("\n"),
      "held.jsonl": lines.slice(-share).join("\n"),
      [`run/${path}`]: fixture(`${folder}/${path}`),
    };
    const host = memoryHost({ files });
    const losses: number[] = [];
    const run = train(
      {
        ...options,
        data: "pairs.jsonl",
        validation: "held.jsonl",
        output: "run",
        resume: true,
        steps: 4,
      },
      { host, runtime: sharedRuntime },
    );
    for await (const event of run) if (event.type === "step") losses.push(event.loss);
    // Of the version that had no identities, in which the whole run was made.
    expect(losses).toEqual([5.595041275024414, 5.539974848429362]);
  });
});
