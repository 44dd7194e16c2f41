/** A run over data that are not in memory, left in the middle of a block and gone on with. */

import { expect, it } from "vitest";
import { readBytes, writeFile } from "../../src/host/content.ts";
import { memoryHost, type MemoryHost } from "../../src/host/in-memory.ts";
import { train, type TrainRequest } from "../../src/train/run.ts";
import { sharedRuntime as runtime } from "../support/shared-runtime.ts";

const rows = Array.from({ length: 60 }, (_, i) => ({ source: `${i} + 1 =`, target: `${i + 1}` }));
const request: TrainRequest = {
  model: { n_embd: 16, n_layer: 1, n_head: 2, n_positions: 32 },
  data: "pairs.jsonl",
  stream: 12,
  holdout: 0.1,
  steps: 20,
  batchSize: 4,
  microSteps: 2,
  rank: 4,
  translations: 0,
  samples: 0,
  keep: "last",
};

async function hostWithData(): Promise<MemoryHost> {
  const host = memoryHost();
  await writeFile(host.files, "pairs.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"));
  return host;
}

/** Follows a run, which is left after so many steps. */
async function follow(host: MemoryHost, changes: TrainRequest, leaveAfter = Infinity) {
  const controller = new AbortController();
  const { signal } = controller;
  const losses = new Map<number, number>();
  const run = train({ ...request, ...changes }, { host, runtime, signal });
  for await (const event of run) {
    if (event.type === "step") losses.set(event.step, event.loss);
    if (event.type === "step" && event.step === leaveAfter) controller.abort();
  }
  return losses;
}

it("goes on with the same bits", async () => {
  const host = await hostWithData();
  const whole = await follow(host, { output: "whole" });
  const begun = await follow(host, { output: "parts" }, 7);
  expect(begun.size).toBe(7);
  const rest = await follow(host, { output: "parts", resume: true });
  expect(new Map([...begun, ...rest])).toEqual(whole);
  const model = (directory: string) => readBytes(host.files, `${directory}/model.safetensors`);
  expect(await model("parts")).toEqual(await model("whole"));
});

it("is left with a checkpoint where a row is refused, and goes on without it", async () => {
  const host = await hostWithData();
  const long = rows.map((row, i) => (i === 50 ? { ...row, source: "long ".repeat(20) } : row));
  await writeFile(host.files, "pairs.jsonl", long.map((row) => JSON.stringify(row)).join("\n"));
  const refused = follow(host, { output: "parts" });
  await expect(refused).rejects.toThrow("longer than the context of 32 tokens");
  const rest = await follow(host, { output: "parts", resume: true, tooLong: "drop" });
  const [first = 0] = rest.keys();
  expect(first).toBeGreaterThan(1);
  expect([...rest.keys()].at(-1)).toBe(20);
});

it("does not go on with other data, or without steps", async () => {
  const host = await hostWithData();
  await follow(host, { output: "parts" }, 7);
  await writeFile(host.files, "pairs.jsonl", rows.map((row) => JSON.stringify(row)).join("\n\n"));
  const other = follow(host, { output: "parts", resume: true });
  await expect(other).rejects.toThrow("other training data");
  await expect(follow(host, { steps: undefined })).rejects.toThrow("how long an epoch is");
});
