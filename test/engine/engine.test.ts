/** A step on other runtimes, with a reducer, with subspaces that are learned, and with optimizers and objectives of one's own. */

import { describe, expect, it } from "vitest";
import type { Compressor } from "../../src/compress/compressor.ts";
import { stepRule } from "../../src/compress/flora.ts";
import { dense } from "../../src/compress/flora-compressor.ts";
import { type Engine, openEngine, type Reduce, type StepSums } from "../../src/engine/engine.ts";
import type { Objective } from "../../src/engine/objectives/objective.ts";
import { crossEntropy } from "../../src/engine/objectives/cross-entropy.ts";
import { drawWeight } from "../../src/engine/parts/initial-weights.ts";
import { namedBuffers } from "../../src/engine/parts/state.ts";
import { gpt2 } from "../../src/models/architectures/gpt2.ts";
import type { Optimizer } from "../../src/optim/optimizer.ts";
import { namedOptimizer } from "../../src/optim/registry.ts";
import { trace } from "../../src/optim/sgd.ts";
import { descent, identity } from "../../src/optim/transform.ts";
import type { TrainOptions } from "../../src/options/config.ts";
import { bufferNamed, bufferOf, floats, setElements } from "../../src/runtime/buffers.ts";
import { sharedRuntime } from "../support/shared-runtime.ts";
import type { Buffers } from "../../src/runtime/runtime.ts";
import { wasmRuntime } from "../../src/runtime/web.ts";
import { planParameters } from "../../src/engine/plan.ts";
import { expectClose, FLOAT32, relativeDifference } from "../support/close.ts";
import { deviceRuntime } from "../support/device-runtime.ts";
import { batchAt, openRun, tiny } from "./support.ts";

/** What runs: every way in which state is kept, moved, merged and rounded. */
const RUNS: readonly TrainOptions[] = [
  { method: "dense", optimizer: "adamw" },
  { method: "flora", microSteps: 2, maxGradNorm: 1 },
  { method: "flora", recompute: "none", compressEmbeddings: true, vocabularyChunk: 20 },
  {
    rank: 28,
    projection: "orthonormal",
    momentum: 0.9,
    resampleEvery: 2,
    microSteps: 2,
  },
  {
    rank: 28,
    projection: "orthonormal",
    optimizer: "adam",
    compressMoments: true,
    resampleEvery: 2,
  },
  { momentum: 0.9, momentumRule: "reference" },
  { accumulatorDtype: "int8", microSteps: 2 },
  { optimizer: "muon", resampleEvery: 2, microSteps: 2 },
  {
    optimizer: "muon",
    projection: "coordinates",
    side: "input",
    resampleEvery: 2,
    recompute: "none",
  },
  { optimizer: "muon", maxGradNorm: 1, resampleEvery: 2 },
  { optimizer: "muon", accumulatorDtype: "int8", weightDtype: "bfloat16", resampleEvery: 2 },
  { optimizer: "muon", method: "dense" },
  { projection: "coordinates", momentum: 0.9, resampleEvery: 40, microSteps: 2 },
  { weightDtype: "bfloat16" },
  { weightDtype: "float16", weightUpdate: "master" },
  { method: "lora", rank: 4, optimizer: "adam" },
  { method: "lora", optimizer: "adam", model: "on-disk", baseDtype: "int8" },
  { method: "lora-fa", model: "on-disk", baseDtype: "q4", recompute: "none" },
  { method: "relora", rank: 4, optimizer: "adam", mergeEvery: 2 },
  { method: "plora", rank: 4, optimizer: "adam", mergeEvery: 2, unloadFraction: 0.5 },
];

describe.each(RUNS)("steps with %j", (options) => {
  it("are the same, bit by bit, where the host does not see the memory", async () => {
    const [own, device] = [
      openRun(sharedRuntime, options),
      openRun(deviceRuntime(sharedRuntime), options),
    ];
    expect(await device.steps(3)).toEqual(await own.steps(3));
    expect(await device.weights()).toEqual(await own.weights());
    await Promise.all([own.engine.release(), device.engine.release()]);
  });

  it("are the same on WebAssembly", async () => {
    const [own, wasm] = [openRun(sharedRuntime, options), openRun(wasmRuntime(), options)];
    expectClose(await wasm.steps(3), await own.steps(3), FLOAT32);
    await Promise.all([own.engine.release(), wasm.engine.release()]);
  });
});

it.each<[TrainOptions, Readonly<Record<string, number>>]>([
  [
    { optimizer: "adafactor", method: "dense" },
    { vocab_size: 33_000, n_embd: 256 },
  ],
  [
    { optimizer: "muon", freeze: ["w*", "*ln_*", "*attn*", "*c_fc*"] },
    { vocab_size: 64, n_embd: 1416 },
  ],
])("updates large tables in rows of a device too: %j", async (options, sizes) => {
  const model = gpt2({ n_layer: 1, n_head: 2, n_positions: 32, ...sizes });
  const runs = [sharedRuntime, deviceRuntime(sharedRuntime)].map((each) =>
    openRun(each, options, {}, model),
  );
  const [own = [], device = []] = await Promise.all(runs.map((run) => run.steps(2)));
  expect(device).toEqual(own);
  for (const { engine } of runs) await engine.release();
});

describe("a reducer", () => {
  /** The sums of two engines, each of which sees half of the micro-batches. */
  function pair() {
    const waiting: { accumulators: readonly Buffers[]; resolve: () => void }[] = [];
    let total = { lossSum: 0, lossTokens: 0 };
    const reduceAll = async (sums: StepSums, accumulators: readonly Buffers[]) => {
      const { lossSum, lossTokens } = total;
      total = { lossSum: lossSum + sums.lossSum, lossTokens: lossTokens + sums.lossTokens };
      const [other] = waiting;
      if (!other) {
        await new Promise<void>((resolve) => waiting.push({ accumulators, resolve }));
        return total;
      }
      for (const [i, own] of accumulators.entries()) {
        const theirs = other.accumulators[i] ?? {};
        for (const [key, buffer] of Object.entries(own)) {
          const added = floats(await bufferNamed(theirs, key).read());
          const sum = floats(await buffer.read()).map((x, j) => x + (added[j] ?? 0));
          setElements(buffer, sum);
          setElements(bufferNamed(theirs, key), sum);
        }
      }
      other.resolve();
      return total;
    };
    return (): Reduce => {
      const taken: Buffers[] = [];
      const take: Reduce["take"] = async (accumulators) => void taken.push(...accumulators);
      return { take, end: (sums) => reduceAll(sums, taken) };
    };
  }

  it.each<TrainOptions>([
    { method: "dense" },
    { method: "flora" },
    { maxGradNorm: 0.5 },
    { optimizer: "muon", maxGradNorm: 0.5 },
  ])("makes one step of two halves, with %j", async (options) => {
    const reduce = pair();
    const halves = [0, 1].map(() =>
      openRun(sharedRuntime, { ...options, microSteps: 1 }, { reduce: reduce() }),
    );
    const whole = openRun(sharedRuntime, { ...options, microSteps: 2 });
    const numbers = { step: 1, cycle: 0, learningRate: 0.02, opensCycle: true };
    const losses = await Promise.all(
      halves.map(async ({ engine }, i) => {
        engine.begin(numbers);
        await engine.microStep(batchAt(i), i, { isLast: true });
        return engine.update();
      }),
    );
    whole.engine.begin(numbers);
    for (const i of [0, 1]) await whole.engine.microStep(batchAt(i), i);
    const expected = await whole.engine.update();
    for (const { lossSum, lossTokens } of losses) {
      expectClose([lossSum, lossTokens], [expected.lossSum, expected.lossTokens], FLOAT32);
    }
    const weights = await whole.weights();
    for (const half of halves) {
      for (const [name, own] of Object.entries(await half.weights())) {
        expectClose(own, weights[name] ?? [], FLOAT32, { what: name });
      }
    }
  });
});

const RANK = 3;
const RATE = 0.05;

/** A is the first rows of the gradient, normalised: a stand-in for singular vectors. */
const learning = (momentum: number): Compressor => ({
  resampleEvery: 2,
  compress({ shape, role }) {
    const [rows = 0, columns = 0] = shape;
    if (role !== "matrix" || shape.length !== 2) return { reason: role };
    return {
      projection: { side: "columns", rank: RANK, dimension: columns, family: "gaussian" },
      description: `the first ${RANK} of ${rows} rows`,
      subspace: { kind: "learned", learn: async (g) => firstRows(await g.read(), columns) },
    };
  },
  rule: (base, projection) => stepRule({ base, projection, momentum }),
});

function firstRows(gradient: Float32Array, columns: number): Float32Array {
  const rows = gradient.slice(0, RANK * columns);
  for (let start = 0; start < rows.length; start += columns) {
    const row = rows.subarray(start, start + columns);
    const length = Math.hypot(...row);
    for (const i of row.keys()) row[i] = (row[i] ?? 0) / length;
  }
  return rows;
}

const SGD = namedOptimizer("sgd");

/** G Aᵀ A */
function projected(gradient: readonly number[], a: Float32Array, columns: number): number[] {
  const rows = gradient.length / columns;
  const out = Array.from({ length: gradient.length }, () => 0);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < RANK; k++) {
      let c = 0;
      for (let j = 0; j < columns; j++)
        c += (gradient[i * columns + j] ?? 0) * (a[k * columns + j] ?? 0);
      for (let j = 0; j < columns; j++) {
        const at = i * columns + j;
        out[at] = (out[at] ?? 0) + c * (a[k * columns + j] ?? 0);
      }
    }
  }
  return out;
}

describe("a subspace that is learned from the whole gradient", () => {
  const shapes = [tiny.inputTypes(2, 16)];
  const runtime = sharedRuntime;
  const weight = "h.1.mlp.c_proj.weight";
  const [, columns = 0] = tiny.params.get(weight)?.shape ?? [];
  const opened = (compressor: Compressor, microSteps: number) => {
    const plan = planParameters(tiny, { compressor, optimizer: SGD });
    const own = { model: tiny, plan, runtime, seed: 0, shapes, microSteps };
    const engine = openEngine({ ...own, holdGradients: true });
    for (const name of tiny.params.keys()) drawWeight(engine.parts, name);
    return engine;
  };
  const numbersOf = async (engine: Engine, name: string) =>
    Array.from(await bufferOf(engine.state.weights, name).read(), Number);

  it.each([1, 2])("projects that gradient, and those of its cycle, %d micro-steps", async (n) => {
    const [learner, whole] = [opened(learning(0), n), opened(dense(), n)];
    let a: Float32Array = new Float32Array();
    for (const step of [1, 2, 3]) {
      const opensCycle = step % 2 === 1;
      const numbers = { step, cycle: 0, learningRate: RATE, opensCycle };
      // The dense engine stands where the learner does, and shows the gradient there.
      for (const [name, from] of learner.state.weights) {
        setElements(bufferOf(whole.state.weights, name), await from.read());
      }
      whole.begin(numbers);
      learner.begin(numbers);
      expect(learner.isPausable()).toBe(!opensCycle);
      for (let i = 0; i < n; i++) {
        const index = step * n + i;
        await whole.microStep(batchAt(index), index);
        await learner.microStep(batchAt(index), index);
      }
      const { lossTokens } = await whole.sums();
      const accumulator = whole.state.accumulators.get(weight) ?? {};
      const sum = floats(await bufferNamed(accumulator, "sum").read()).slice();
      if (opensCycle) a = firstRows(sum, columns);
      const before = await numbersOf(learner, weight);
      await learner.update();
      whole.discard();
      const update = projected(Array.from(sum), a, columns);
      const expected = before.map((w, i) => w - (RATE * (update[i] ?? 0)) / lossTokens);
      expectClose(await numbersOf(learner, weight), expected, FLOAT32);
      expect(relativeDifference(before, expected)).toBeGreaterThan(1e-4);
      expect(learner.isPausable()).toBe(true);
    }
    await Promise.all([learner.release(), whole.release()]);
  });

  it("is state, and its momentum moves with it", async () => {
    const [one, other] = [opened(learning(0.9), 1), opened(learning(0.9), 1)];
    const step = async (engine: Engine, number: number) => {
      const opensCycle = number % 2 === 1;
      engine.begin({ step: number, cycle: 0, learningRate: RATE, opensCycle });
      await engine.microStep(batchAt(number), number);
      await engine.update();
    };
    for (const number of [1, 2, 3, 4]) await step(one, number);
    expect(one.state.subspaces.size).toBe(8);
    // Two steps, and the state of the first engine under the names of a checkpoint; then the same again.
    for (const number of [1, 2]) await step(other, number);
    const fresh = opened(learning(0.9), 1);
    for (const [name, buffer] of other.state.weights) {
      bufferOf(fresh.state.weights, name).copyFrom(buffer);
    }
    for (const [name, buffer] of namedBuffers(other.state)) {
      bufferOf(namedBuffers(fresh.state), name).copyFrom(buffer);
    }
    for (const number of [3, 4]) await step(fresh, number);
    expect(await numbersOf(fresh, weight)).toEqual(await numbersOf(one, weight));
    await Promise.all([one.release(), other.release(), fresh.release()]);
  });
});

it("an optimizer may have a rule for each role", async () => {
  const optimizer: Optimizer = {
    usualRate: 1,
    rules: { matrices: descent(trace({}), 0), others: descent(identity(), 0) },
    labelOf: ({ role }) => (role === "matrix" ? "matrices" : "others"),
  };
  const plan = planParameters(tiny, { compressor: dense(), optimizer });
  const states = [...plan.values()].map(({ spec, training }) => [
    spec.role,
    Object.keys(training?.state ?? {}).join(),
  ]);
  const byRole = new Map(states.map(([role = "", state]) => [role, state]));
  expect(Object.fromEntries(byRole)).toEqual({
    matrix: "base.0.trace",
    embedding: "",
    norm: "",
    bias: "",
  });
});

describe("an objective that weighs its targets", () => {
  it("is a cross-entropy where it leaves the weights of the batch", async () => {
    const objective: Objective = crossEntropy({
      weigh: (logProbabilities, { weights }) => ({
        loss: -logProbabilities.reduce((sum, p, i) => sum + p * (weights[i] ?? 0), 0),
        weights,
      }),
    });
    const options = { microSteps: 2, vocabularyChunk: 20 };
    const [own, usual] = [
      openRun(sharedRuntime, options, { objective }),
      openRun(sharedRuntime, options),
    ];
    expectClose(await own.steps(3), await usual.steps(3), FLOAT32);
    const weights = await usual.weights();
    for (const [name, found] of Object.entries(await own.weights())) {
      expectClose(found, weights[name] ?? [], 3 * FLOAT32, { what: name });
    }
    await Promise.all([own.engine.release(), usual.engine.release()]);
  });

  it("moves nothing where it weighs nothing", async () => {
    const objective = crossEntropy({
      weigh: (p) => ({ loss: 1, weights: new Float32Array(p.length) }),
    });
    const run = openRun(sharedRuntime, { optimizer: "sgd", method: "dense" }, { objective });
    const before = await run.weights();
    expectClose(await run.steps(1), [1 / 32], FLOAT32);
    expect(await run.weights()).toEqual(before);
    await run.engine.release();
  });
});

it.each<TrainOptions>([{ microSteps: 1 }, { microSteps: 2 }])(
  "no parameter is touched where the loss is no number, %j",
  async (options) => {
    const run = openRun(sharedRuntime, { method: "dense", ...options });
    setElements(bufferOf(run.engine.state.weights, "ln_f.weight"), new Float32Array(32).fill(NaN));
    const before = await run.weights();
    expect(await run.steps(1)).toEqual([NaN]);
    expect(await run.weights()).toEqual(before);
    await run.engine.release();
  },
);

it("keeps no accumulator of what is updated at once", () => {
  const accumulatorsOf = (options: TrainOptions) => [
    ...openRun(sharedRuntime, { method: "dense", ...options }).engine.state.accumulators.keys(),
  ];
  expect(accumulatorsOf({})).toEqual(["wte.weight"]);
  expect(accumulatorsOf({ microSteps: 2 })).toHaveLength(tiny.params.size);
  expect(accumulatorsOf({ maxGradNorm: 1 })).toHaveLength(tiny.params.size);
});

it("refuses to clip where a momentum is in the accumulators", () => {
  expect(() => openRun(sharedRuntime, { optimizer: "muon" }, { maxGradNorm: 1 })).toThrow(
    "needs the gradient of a step by itself; got h.0.",
  );
});

describe("a step whose loss is too high", () => {
  const numbers = { step: 1, cycle: 0, learningRate: 0.1, opensCycle: true };

  it.each<[string, TrainOptions]>([
    ["updated at once", { method: "dense", optimizer: "sgd" }],
    ["accumulated", { method: "dense", optimizer: "sgd", microSteps: 2 }],
    ["compressed", { optimizer: "adam", microSteps: 2 }],
    ["with a compressed momentum", { optimizer: "muon", microSteps: 2, skipSpikes: 3 }],
  ])("leaves everything as it was, and the next one begins anew: %s", async (_, options) => {
    const [skipping, plain] = [openRun(sharedRuntime, options), openRun(sharedRuntime, options)];
    const before = await skipping.weights();
    const step = async (run: typeof plain, first: number, highestLoss?: number) => {
      run.engine.begin({ ...numbers, highestLoss });
      for (let i = 0; i < run.microSteps; i++) {
        await run.engine.microStep(batchAt(first + i), first + i);
      }
      return run.engine.update();
    };
    expect(await step(skipping, 0, 1)).toMatchObject({ isSkipped: true });
    expect(await skipping.weights()).toEqual(before);
    const taken = await step(skipping, 4, 100);
    expect(taken.isSkipped).toBeUndefined();
    await step(plain, 4);
    expect(await skipping.weights()).toEqual(await plain.weights());
    expect(await skipping.weights()).not.toEqual(before);
  });
});
