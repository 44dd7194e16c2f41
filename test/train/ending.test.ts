/** Runs that end early or badly: what they say, and what they leave. */

import { describe, expect, it } from "vitest";
import { loadModel } from "../../src/generate/index.ts";
import { type MemoryHost, memoryHost } from "../../src/host/index.ts";
import { bufferOf } from "../../src/runtime/buffers.ts";
import { cpuRuntime } from "../../src/runtime/node.ts";
import type { EndEvent, TrainEvent } from "../../src/runs/events.ts";
import { train, type TrainRequest } from "../../src/train/run.ts";

const runtime = cpuRuntime({ threads: 1 });

const rows = Array.from({ length: 60 }, (_, i) => ({
  source: `${i % 9} + 1 =`,
  target: `${(i % 9) + 1}`,
}));

const tiny: TrainRequest = {
  model: { n_embd: 16, n_layer: 1, n_head: 2, n_positions: 32 },
  data: rows,
  batchSize: 4,
  rank: 4,
  method: "dense",
  optimizer: "sgd",
  schedule: "constant",
  warmupSteps: 0,
  evaluateEvery: 5,
  translations: 0,
  samples: 0,
  output: "run",
};

interface Told {
  readonly events: readonly TrainEvent[];
  readonly end: EndEvent;
  readonly held: ReadonlyMap<number, number>;
}

async function run(host: MemoryHost, request: TrainRequest): Promise<Told> {
  const events: TrainEvent[] = [];
  for await (const event of train({ ...tiny, ...request }, { host, runtime })) events.push(event);
  const end = events.at(-1);
  if (end?.type !== "end") throw new Error("no end");
  const held = events.flatMap((event) =>
    event.type === "evaluation" ? [[event.step, event.loss] as const] : [],
  );
  return { events, end, held: new Map(held) };
}

/** The first weights of the model that a run left. */
async function left(host: MemoryHost): Promise<number[]> {
  const { weights } = await loadModel(host.files, runtime, { directory: "run" });
  return Array.from(await bufferOf(weights, "wte.weight").read(), Number);
}

describe("a run whose loss rises", () => {
  it("stops, says from what to what, and is an error where it is awaited", async () => {
    const request: TrainRequest = { learningRate: 30, maxGradNorm: 1, steps: 100 };
    const { end } = await run(memoryHost(), request);
    expect(end).toMatchObject({
      reason: "diverged",
      message: expect.stringMatching(
        /^the held-out loss went from 5\.\d+ to \d+\.\d+, the training loss from 5\.\d+ to \d+\.\d+$/,
      ),
    });
    expect(end.step).toBeLessThan(20);
    const awaited = train({ ...tiny, ...request }, { host: memoryHost(), runtime }).result();
    await expect(awaited).rejects.toThrow("the held-out loss went from");
  });
});

describe("the model that is left", () => {
  // Learned by heart: the rows that are held out have other answers.
  const validation = rows.slice(0, 8).map(({ source }) => ({ source, target: "x" }));
  const request: TrainRequest = { validation, learningRate: 0.3, steps: 60 };

  it("is that of the best evaluation, on disk and in memory", async () => {
    const host = memoryHost();
    const { end, held } = await run(host, request);
    const [best = NaN] =
      [...held].filter(([step]) => step > 0).toSorted((a, b) => a[1] - b[1])[0] ?? [];
    expect(best).toBeLessThan(60);
    expect(end).toMatchObject({
      reason: "finished",
      keptStep: best,
      heldOut: { best: { step: best, loss: held.get(best) }, last: { step: 60 } },
    });
    const awaited = train({ ...tiny, ...request, output: "other" }, { host, runtime });
    const result = await awaited.result();
    expect((await result.evaluate()).loss).toBe(held.get(best));

    const shorter = memoryHost();
    await run(shorter, { ...request, steps: best });
    expect(await left(host)).toEqual(await left(shorter));
  });

  it("is that of the last step if it is asked for", async () => {
    const host = memoryHost();
    const { end } = await run(host, { ...request, keep: "last" });
    expect(end).toMatchObject({ keptStep: 60 });
  });

  it.each(["lora", "plora"] as const)("may be adapters, or be merged: %s", async (method) => {
    const host = memoryHost();
    await run(host, { steps: 5, output: "base", learningRate: 0.1 });
    const tuned: TrainRequest = {
      ...request,
      model: "base",
      method,
      optimizer: "adam",
      learningRate: 0.02,
      modulesToSave: [],
      ...(method === "plora" && { mergeEvery: 20 }),
    };
    const { end, held } = await run(host, tuned);
    const best = end.keptStep ?? NaN;
    expect(best).toBeLessThan(60);
    const again = train({ ...tiny, ...tuned, output: "other" }, { host, runtime });
    const result = await again.result();
    // A merge rounds once more.
    expect((await result.evaluate()).loss).toBeCloseTo(held.get(best) ?? NaN, 4);
  });

  it("is not replaced where the run is left, and goes on being the best", async () => {
    const host = memoryHost();
    const whole = memoryHost();
    const { end } = await run(whole, request);
    const controller = new AbortController();
    const cut = train({ ...tiny, ...request }, { host, runtime, signal: controller.signal });
    for await (const event of cut) {
      if (event.type === "step" && event.step === 50) controller.abort();
    }
    expect(await left(host)).toEqual(await left(whole));
    const gone = await run(host, { ...request, resume: true });
    expect(gone.end).toMatchObject({ keptStep: end.keptStep, heldOut: end.heldOut });
    expect(await left(host)).toEqual(await left(whole));
  });

  it("is told to be worse than what the run began with", async () => {
    const host = memoryHost();
    await run(host, { ...request, data: validation, output: "base" });
    const { end } = await run(host, { ...request, model: "base", learningRate: 0.3 });
    const { first, best } = end.heldOut ?? {};
    expect(best?.loss).toBeGreaterThan(first?.loss ?? Infinity);
    expect(end).toMatchObject({ reason: "finished", keptStep: best?.step });
  });

  it("ends a run that gets no better", async () => {
    const { end } = await run(memoryHost(), { ...request, patience: 2 });
    expect(end).toMatchObject({ reason: "no better", checkpointStep: end.step });
    expect(end.step).toBe((end.keptStep ?? 0) + 10);
  });
});

describe("steps whose loss jumps", () => {
  const poison = { source: "0 + 1 =", target: "ÿþýüûúùø÷ö" };
  const request: TrainRequest = {
    data: [...rows, ...rows, poison],
    validation: rows.slice(0, 8),
    batchSize: 1,
    learningRate: 0.5,
    steps: 121,
    skipSpikes: 5,
  };

  it.each([1, 2])("are left out and counted, with %i micro-steps", async (microSteps) => {
    const { end, events } = await run(memoryHost(), { ...request, microSteps });
    expect(end).toMatchObject({ reason: "finished" });
    expect(end.spikes).toBeGreaterThanOrEqual(1);
    const losses = events.flatMap((event) => (event.type === "step" ? [event.loss] : []));
    expect(losses).toHaveLength(121);
  });
});

it("a run whose time is over ends in good order, and can be gone on with", async () => {
  const host = memoryHost();
  const { end } = await run(host, { learningRate: 0.1, steps: 1000, maxMinutes: 1e-6 });
  expect(end).toMatchObject({ reason: "out of time", step: 1, keptStep: 1, checkpointStep: 1 });
  const { end: later } = await run(host, { steps: 1000, maxMinutes: 1e-6, resume: true });
  expect(later).toMatchObject({ reason: "out of time", step: 2 });
});

it("adapters that are no smaller than their matrices are told", async () => {
  const request: TrainRequest = { method: "lora", rank: 16, learningRate: 0.1, steps: 1 };
  const { events } = await run(memoryHost(), request);
  expect(events[0]).toMatchObject({
    notes: [
      "an adapter of rank 16 is no smaller than h.0.attn.c_attn.weight, [16, 48]; a rank of 4 is a quarter of the model's width",
    ],
  });
});

it("a rank that compresses nothing is told", async () => {
  const { events } = await run(memoryHost(), {
    method: "flora",
    rank: 64,
    learningRate: 0.1,
    steps: 1,
  });
  expect(events[0]).toMatchObject({
    notes: [
      "a rank of 64 compresses nothing in a model that is 16 wide, so this is dense training; a rank of 4 keeps a quarter",
    ],
  });
});
