/** A run that begins with what another left: its model, its options, and its optimizer where that is asked for. */

import { describe, expect, it } from "vitest";
import { type MemoryHost, memoryHost } from "../../../src/host/in-memory.ts";
import type { EvaluationEvent, StartEvent, TrainEvent } from "../../../src/runs/events.ts";
import { usualLearningRate } from "../../../src/optim/registry.ts";
import { parseConfig, type TrainOptions } from "../../../src/options/config.ts";
import { continuedOptions } from "../../../src/train/output/continued-options.ts";
import { train, type TrainRequest } from "../../../src/train/run.ts";
import { openSafetensors } from "../../../src/weights/files/safetensors.ts";
import { sharedRuntime as runtime } from "../../support/shared-runtime.ts";
import { sums, tinyRequest } from "../../support/tiny-request.ts";

const tiny: TrainRequest = {
  ...tinyRequest,
  data: sums(0, 40),
  validation: sums(40, 8),
  output: "run",
};

async function run(host: MemoryHost, request: TrainRequest) {
  const events: TrainEvent[] = [];
  for await (const event of train(request, { host, runtime })) events.push(event);
  const evaluations = events.filter(
    (event): event is EvaluationEvent => event.type === "evaluation",
  );
  return {
    losses: events.flatMap((event) => (event.type === "step" ? [event.loss] : [])),
    evaluations,
    start: events.find((event): event is StartEvent => event.type === "start"),
    best: Math.min(...evaluations.slice(1).map(({ loss }) => loss)),
  };
}

async function weightsOf({ files }: MemoryHost, output: string, name: string) {
  const file = await openSafetensors(files, `${output}/${name}`);
  const tensors = await Promise.all(
    [...file.tensors.keys()].map(async (key) => [key, (await file.read(key)).data] as const),
  );
  await file.close();
  return Object.fromEntries(tensors);
}

const more: TrainRequest = {
  from: "run",
  data: sums(100, 40),
  validation: sums(40, 8),
  steps: 2,
  output: "more",
};

describe("another run's model", () => {
  it("is begun with: its loss, its options where none are given, other data", async () => {
    const host = memoryHost();
    const first = await run(host, { ...tiny, optimizer: "adam", learningRate: 0.004, seed: 3 });
    const { evaluations, start, losses } = await run(host, more);
    expect(evaluations[0]?.loss).toBe(first.best);
    expect(start?.config).toMatchObject({
      model: "run",
      rank: 4,
      optimizer: "adam",
      learningRate: 0.004,
      seed: 3,
      batchSize: 4,
      steps: 2,
      output: "more",
    });
    expect(losses).toHaveLength(2);
  });

  it("has the usual numbers of another method or optimizer", async () => {
    const host = memoryHost();
    await run(host, { ...tiny, rank: 2, learningRate: 0.004 });
    const { start } = await run(host, { ...more, method: "lora", optimizer: "adam", epochs: 1 });
    expect(start?.config).toMatchObject({
      method: "lora",
      rank: 4,
      learningRate: usualLearningRate("adam", "adapters", 16),
    });
  });

  it("goes on from its own checkpoint where it was left, as if it had not been", async () => {
    const [whole, host] = [memoryHost(), memoryHost()];
    await run(whole, tiny);
    await run(host, tiny);
    const own = { ...more, keepOptimizer: true, method: "flora", momentum: 0 } as const;
    const expected = await run(whole, { ...own, steps: 4 });
    const first = await run(host, own);
    const second = await run(host, {
      data: more.data,
      validation: more.validation,
      output: "more",
      resume: true,
      steps: 4,
    });
    expect([...first.losses, ...second.losses]).toEqual(expected.losses);
  });

  it("may be adapters, of the same ranks and targets", async () => {
    const host = memoryHost();
    await run(host, { ...tiny, output: "base" });
    const { model: _model, ...rest } = tiny;
    const lora: TrainRequest = {
      ...rest,
      model: "base",
      method: "lora",
      rank: 2,
      learningRate: 0.1,
    };
    const first = await run(host, lora);
    const second = await run(host, more);
    expect(second.evaluations[0]?.loss).toBe(first.best);
    expect(second.start?.config.model).toBe("base");
    await expect(run(host, { ...more, output: "a", rank: 3 })).rejects.toThrow(
      "from: its adapters have another rank or other targets, as ",
    );
    await expect(run(host, { ...more, output: "a", method: "dense" })).rejects.toThrow(
      "from: its adapters are no part of what dense trains; got run",
    );
  });
});

it("another method has its own projections, unless others were asked for", async () => {
  const familyOf = async (first: TrainOptions, next: TrainOptions) => {
    const host = memoryHost();
    await run(host, { ...tiny, ...first, steps: 1 });
    const { projection } = parseConfig(await continuedOptions(host.files, "run", next));
    return projection;
  };
  expect(await familyOf({}, { method: "compact", optimizer: "adam" })).toBe("gaussian");
  expect(await familyOf({ method: "compact" }, { method: "flora" })).toBe("orthonormal");
  expect(await familyOf({ projection: "rademacher" }, { optimizer: "muon" })).toBe("rademacher");
  expect(await familyOf({ optimizer: "muon", projection: "coordinates" }, {})).toBe("coordinates");
});

describe("the optimizer that is kept", () => {
  // One batch is all data, so that every step of either run sees the same, in an order of its own.
  const same = {
    data: sums(0, 4),
    validation: sums(40, 4),
    keep: "last",
    learningRate: 0.003,
  } as const;

  it.each<[string, TrainRequest]>([
    ["adam", { method: "dense", optimizer: "adam" }],
    [
      "adamw in bfloat16 with a master",
      {
        method: "dense",
        optimizer: "adamw",
        weightDtype: "bfloat16",
        weightUpdate: "master",
      },
    ],
    ["flora, whose projections go on too", { learningRate: 0.03 }],
    ["flora with momentum in a subspace", { momentum: 0.5, resampleEvery: 4, learningRate: 0.01 }],
    [
      "flora with compressed moments",
      { optimizer: "adam", compressMoments: true, resampleEvery: 20 },
    ],
    ["muon, whose momentum is in the accumulators", { optimizer: "muon", resampleEvery: 4 }],
    ["muon, clipped", { optimizer: "muon", resampleEvery: 4, maxGradNorm: 10 }],
    ["lora", { model: "base", method: "lora", optimizer: "adam", learningRate: 0.03 }],
  ])("makes N and N steps 2 N: %s", async (_, request) => {
    const [whole, host] = [memoryHost(), memoryHost()];
    for (const each of [whole, host]) await run(each, { ...tiny, output: "base", steps: 1 });
    const all = await run(whole, { ...tiny, ...same, ...request, steps: 12 });
    const first = await run(host, { ...tiny, ...same, ...request, steps: 6 });
    const { learningRate: _rate, ...data } = same;
    const kept = { ...data, from: "run", keepOptimizer: true, steps: 6, output: "more" };
    const second = await run(host, kept);
    const losses = [...first.losses, ...second.losses];
    const expectLike = (found: readonly number[]) =>
      Math.max(...found.map((loss, i) => Math.abs(loss / (all.losses[i] ?? NaN) - 1)));
    expect(expectLike(losses)).toBeLessThan(2e-5);
    // The order of the rows is another, and so is the last bit; without the state it is another run.
    const anew = await run(host, { ...kept, keepOptimizer: false, output: "anew" });
    expect(expectLike([...first.losses, ...anew.losses])).toBeGreaterThan(1e-4);
  });

  it.each<[string, TrainRequest, string]>([
    ["rank", { rank: 2 }, "keepOptimizer: rank must be that of the run, 4; got 2"],
    [
      "optimizer",
      { optimizer: "adam" },
      'keepOptimizer: optimizer must be that of the run, "adafactor"',
    ],
    [
      "method",
      { method: "dense" },
      'keepOptimizer: method must be that of the run, "flora"; got "dense"',
    ],
    ["seed", { seed: 1 }, "keepOptimizer: seed must be that of the run, 0; got 1"],
    [
      "directory",
      { output: "./run/", overwrite: true },
      "output: must be another directory than that of from",
    ],
    ["model", { model: "run" }, "from: names the model already; got model beside it"],
    ["run", { from: "nowhere" }, "from: no run with a checkpoint; got nowhere"],
    ["run at all", { from: undefined }, "keepOptimizer: needs from"],
  ])("asks for the same %s", async (_, request, message) => {
    const host = memoryHost();
    await run(host, tiny);
    const before = await weightsOf(host, "run", "model.safetensors");
    await expect(run(host, { ...more, keepOptimizer: true, ...request })).rejects.toThrow(message);
    expect(await weightsOf(host, "run", "model.safetensors")).toEqual(before);
  });

  it("is not that of a merging method", async () => {
    const host = memoryHost();
    await run(host, { ...tiny, method: "relora", optimizer: "adam", mergeEvery: 2 });
    const { evaluations } = await run(host, more);
    expect(evaluations[0]?.loss).toBeGreaterThan(0);
    await expect(run(host, { ...more, keepOptimizer: true, output: "b" })).rejects.toThrow(
      "keepOptimizer: relora begins with a new optimizer after a merge",
    );
  });
});
