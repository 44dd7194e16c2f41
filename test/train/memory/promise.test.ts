/** @file A run that does not fit is refused before anything large is there, with what would fit. */

import { expect, it } from "vitest";
import { memoryHost } from "../../../src/host/in-memory.ts";
import { cpuRuntime } from "../../../src/runtime/node.ts";
import { train, type TrainRequest } from "../../../src/train/run.ts";
import { failure } from "../../weights/support.ts";

const rows = Array.from({ length: 60 }, (_, i) => ({ source: `${i} + 1 =`, target: `${i + 1}` }));
const run = (request: TrainRequest, availableBytes: number, diskBytes?: number) =>
  train(
    {
      model: { n_embd: 64, n_layer: 2, n_head: 2, n_positions: 128 },
      data: rows,
      steps: 1,
      rank: 16,
      translations: 0,
      ...request,
    },
    {
      host: memoryHost({
        availableBytes,
        ...(diskBytes !== undefined && { freeBytes: diskBytes }),
      }),
      runtime: cpuRuntime({ threads: 1 }),
    },
  ).result();

it.each<[string, TrainRequest, number, RegExp, RegExp]>([
  [
    "a batch that is too large, and says all that has to be written",
    { batchSize: 512, recompute: "none" },
    300e6,
    /^memory: the run would take [\d.]+ (MB|GB); got 300 MB that are free$/,
    /^what would fit: recompute: "all" batchSize: \d+ microSteps: \d+ \(\d+ MB\)/,
  ],
  [
    "weights that are too large",
    { model: { n_embd: 1_000_000, n_layer: 2, n_head: 1, n_positions: 128 } },
    1e9,
    /^memory: the weights alone would take [\d,]+ GB; got 1 GB that are free$/,
    /smaller model/,
  ],
  ["everything", {}, 1e6, /^memory: the run would take \d+ MB; got 1 MB/, /smaller model/],
])("refuses %s", async (_, request, available, message, hint) => {
  expect(await failure(run(request, available))).toMatchObject({
    message: expect.stringMatching(message),
    hint: expect.stringMatching(hint),
  });
});

it("offers the disk where weights are what does not fit", async () => {
  const model = { n_embd: 1024, n_layer: 12, n_head: 8 };
  const request: TrainRequest = { model, weightDtype: "bfloat16", batchSize: 1, rank: 8 };
  expect(await failure(run(request, 620e6))).toMatchObject({
    message: expect.stringMatching(/^memory: the run would take \d+ MB; got 620 MB/),
    hint: expect.stringMatching(/^what would fit: lowMemory \(\d+ MB\)/),
  });
});

it.each([
  [1e15, /^lowMemory leaves them on disk; or take a smaller model$/],
  [1e9, /^take a smaller model, a shorter context/],
])("offers a disk of %d bytes only where it has room for the weights", async (disk, hint) => {
  const model = { n_embd: 100_000, n_layer: 2, n_head: 1, n_positions: 128 };
  expect(await failure(run({ model }, 1e9, disk))).toMatchObject({
    hint: expect.stringMatching(hint),
  });
});

it.each<[TrainRequest, RegExp]>([
  [{ batchSize: 1e9 }, /^batchSize: must be .* at most 1000000; got 1000000000$/],
  [{ rank: 1e9 }, /^rank: must be .* at most 1000000; got 1000000000$/],
  [{ microSteps: 1e9 }, /^microSteps: must be .* at most 1000000/],
  [{ threads: 1e6 }, /^threads: must be .* at most 1024/],
  [{ model: { n_layer: 1e6 } }, /^model.n_layer: must be at most 256; got 1000000$/],
])("refuses the absurd %o by its name, in less than a second", async (request, message) => {
  const began = performance.now();
  expect(await failure(run(request, Infinity))).toMatchObject({
    message: expect.stringMatching(message),
  });
  expect(performance.now() - began).toBeLessThan(1000);
});

it("lets a run begin that fits", async () => {
  expect((await run({}, 2e9)).reason).toBe("finished");
});
