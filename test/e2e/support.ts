/** @file Small runs of the whole trainer, in temporary directories. */

import { runContext } from "../../src/cli/inputs/run-context.ts";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { grammarPairs } from "../../src/data/index.ts";
import { parseConfig, type TrainOptions } from "../../src/options/config.ts";
import type { TrainEvent } from "../../src/runs/events.ts";
import type { RunInputs } from "../../src/train/setup/inputs.ts";
import { trainEvents } from "../../src/train/events.ts";
import { nodeHost } from "../../src/host/node.ts";
import { openSafetensors } from "../support/on-node.ts";
import { sharedRuntime } from "../support/shared-runtime.ts";

export const folder: string = mkdtempSync(join(tmpdir(), "flora-e2e-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Sentence pairs of unequal lengths, as a TSV file. */
export const pairsFile: string = join(folder, "pairs.tsv");
const lines: string[] = [];
for (const { source, target } of grammarPairs(7)) {
  lines.push(`${source}\t${target}`);
  if (lines.length === 80) break;
}
writeFileSync(pairsFile, lines.join("\n"));

export const tiny: TrainOptions = {
  train: pairsFile,
  model: { n_embd: 16, n_layer: 2, n_head: 2, n_positions: 128 },
  batchSize: 4,
  steps: 4,
  rank: 4,
  evaluationBatches: 1,
  translations: 0,
  samples: 0,
  // What is left is what the last step made, at the rate that is given.
  keep: "last",
  schedule: "constant",
  warmupSteps: 0,
  learningRate: 0.02,
};

let runs = 0;

export interface FinishedRun {
  readonly events: readonly TrainEvent[];
  readonly output: string;
  readonly losses: readonly number[];
}

/** Runs to the end, or until `stop` says so; on a runtime of its own if threads are given. */
export async function runTiny(
  options: TrainOptions,
  stop: (event: TrainEvent) => boolean = () => false,
  inputs: RunInputs = {},
): Promise<FinishedRun> {
  runs += 1;
  const output = join(folder, `run-${runs}`);
  const config = parseConfig({ ...tiny, output, ...options });
  const controller = new AbortController();
  const events: TrainEvent[] = [];
  const context =
    config.threads === undefined
      ? { runtime: sharedRuntime, host: nodeHost() }
      : await runContext(config);
  const run = trainEvents(config, { ...context, signal: controller.signal }, inputs);
  for await (const event of run) {
    events.push(event);
    if (stop(event)) controller.abort();
  }
  const losses = events.flatMap((event) => (event.type === "step" ? [event.loss] : []));
  return { events, output: config.output, losses };
}

/** All weights of a saved model, one after another. */
export async function weightsOf(output: string): Promise<Float32Array> {
  const file = await openSafetensors(join(output, "model.safetensors"));
  const parts: number[] = [];
  for (const name of [...file.tensors.keys()].toSorted()) {
    for (const value of (await file.read(name)).data) parts.push(Number(value));
  }
  await file.close();
  return Float32Array.from(parts);
}

export const largestDifference = (a: Float32Array, b: Float32Array): number => {
  if (a.length !== b.length) return Infinity;
  return a.reduce((max, value, i) => Math.max(max, Math.abs(value - (b[i] ?? NaN))), 0);
};
