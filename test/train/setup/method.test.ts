/** Ten steps of LoRA and LoRA+ against peft, what every method keeps, and what it leaves alone. */

import { bufferOf, floats } from "../../../src/runtime/buffers.ts";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { bert } from "../../../src/models/architectures/encoders/bert.ts";
import { gpt2 } from "../../../src/models/architectures/gpt2.ts";
import { parseConfig, type TrainOptions } from "../../../src/options/config.ts";
import { leavesAdapters, traineeOf } from "../../../src/train/setup/method.ts";
import { describePlan } from "../../../src/engine/plan.ts";
import { expectClose, relativeDifference } from "../../support/close.ts";
import { batchOf, numbersOfParam, partsOf } from "../support.ts";

interface GoldenTensor {
  readonly data: readonly number[];
}

interface Golden {
  readonly rank: number;
  readonly alpha: number;
  readonly batches: readonly (readonly (readonly number[])[])[];
  readonly initial: Readonly<Record<string, GoldenTensor>>;
  readonly runs: readonly {
    readonly name: string;
    readonly optimizer: string;
    readonly learningRate: number;
    readonly ratio: number;
    readonly losses: readonly number[];
    readonly float32Deviation: { readonly loss: number; readonly adapter: number };
    readonly final: Readonly<Record<string, GoldenTensor>>;
  }[];
}

const golden: Golden = JSON.parse(readFileSync("test/golden/peft_training.json", "utf8"));

/** Float32 against peft's float64; two fast runs amplify rounding, in PyTorch's float32 as much as here. */
const AGREEMENT = 1e-5;
const tolerance = (deviation: number) => Math.max(AGREEMENT, 3 * deviation);

describe.each(golden.runs.map((run) => [run.name, run] as const))("ten steps of %s", (_, run) => {
  it("are peft's", async () => {
    const { optimizer, learningRate, ratio } = run;
    const parts = await partsOf({
      method: ratio === 1 ? "lora" : "lora+",
      rank: golden.rank,
      alpha: golden.alpha,
      rateRatio: ratio,
      optimizer: optimizer === "sgd" ? "sgd" : "adam",
    });
    for (const [name, { data }] of Object.entries(golden.initial)) {
      bufferOf(parts.engine.state.weights, `${name}.weight`).write((out) => floats(out).set(data));
    }
    const { engine } = parts;
    for (const [i, rows] of golden.batches.entries()) {
      engine.begin({ step: i + 1, cycle: 0, learningRate, opensCycle: false });
      await engine.microStep(batchOf(rows), i);
      const { lossSum, lossTokens } = await engine.update();
      const expected = run.losses[i] ?? NaN;
      expect(Math.abs(lossSum / lossTokens / expected - 1), `loss ${i}`).toBeLessThan(
        tolerance(run.float32Deviation.loss),
      );
    }
    for (const [name, { data }] of Object.entries(run.final)) {
      const got = await numbersOfParam(parts, `${name}.weight`);
      expectClose(got, data, tolerance(run.float32Deviation.adapter), { what: name });
    }
    await parts.engine.release();
  });
});

it("most runs are compared at 1e-5", () => {
  const strict = golden.runs.filter(
    ({ float32Deviation: { loss, adapter } }) => Math.max(loss, adapter) * 3 < AGREEMENT,
  );
  expect(strict.map(({ name }) => name)).toEqual([
    "lora-adamw",
    "lora-sgd-slow",
    "loraplus-adamw-slow",
  ]);
});

describe("frozen parameters", () => {
  it.each(["lora", "lora-fa", "lora+"] as const)("of %s keep every bit", async (method) => {
    const parts = await partsOf({ method, rank: 2, optimizer: "sgd" });
    const before = new Map<string, number[]>();
    for (const name of parts.model.params.keys()) {
      before.set(name, await numbersOfParam(parts, name));
    }
    const batch = batchOf(golden.batches[0] ?? []);
    const { engine } = parts;
    for (const step of [1, 2]) {
      engine.begin({ step, cycle: 0, learningRate: 0.1, opensCycle: false });
      await engine.microStep(batch, step);
      await engine.update();
    }
    for (const [name, numbers] of before) {
      const after = await numbersOfParam(parts, name);
      const moves =
        name.endsWith("lora_B.weight") || (name.includes("lora_A") && method !== "lora-fa");
      expect(relativeDifference(after, numbers, 1e-6) > 0, name).toBe(moves);
      const frozen = parts.plan.get(name)?.training === undefined;
      expect(frozen, name).toBe(!moves);
    }
    await parts.engine.release();
  });
});

describe("state of a matrix, in numbers (n = 96, m = 32, r = 4)", () => {
  // c_attn of width 32: [in 32, out 96]. The table of "state per matrix": large 96, small 32.
  const [n, m, r, large] = [96, 32, 4, 96];
  const model = gpt2({ vocab_size: 40, n_positions: 8, n_embd: m, n_head: 2, n_layer: 1 });
  const weight = "h.0.attn.c_attn.weight";

  const rows: readonly (readonly [TrainOptions, accumulators: number, state: number])[] = [
    [{ method: "dense", optimizer: "adam" }, n * m, 2 * n * m],
    [{ method: "dense", optimizer: "adafactor" }, n * m, n + m],
    [{ method: "dense", optimizer: "adafactor", momentum: 0.9 }, n * m, n * m + n + m],
    [{ method: "lora", optimizer: "adam" }, r * (n + m), 2 * r * (n + m)],
    [{ method: "lora+", optimizer: "adam" }, r * (n + m), 2 * r * (n + m)],
    [{ method: "dora", optimizer: "adam" }, r * (n + m) + n, 2 * (r * (n + m) + n)],
    [{ method: "relora", optimizer: "adam" }, r * (n + m), 2 * r * (n + m)],
    [{ method: "plora", optimizer: "adam" }, r * (n + m), 2 * r * (n + m)],
    [{ method: "cola", optimizer: "adam" }, r * (n + m), 2 * r * (n + m)],
    [{ method: "lora-fa", optimizer: "adam" }, r * n, 2 * r * n],
    [{ method: "lora-fa", optimizer: "sgd" }, r * n, 0],
    [{ method: "flora", optimizer: "sgd" }, r * large, 0],
    [{ method: "flora", optimizer: "adafactor" }, r * large, n + m],
    [{ method: "flora", optimizer: "adafactor", momentum: 0.9 }, r * large, r * large + n + m],
    [{ method: "flora", optimizer: "adam" }, r * large, 2 * n * m],
    [{ method: "flora", optimizer: "adam", compressMoments: true }, r * large, 2 * r * large],
    [{ method: "dense", optimizer: "muon" }, n * m, n * m],
    [{ method: "flora", optimizer: "muon" }, r * large, 0],
    [{ method: "flora", optimizer: "muon", projection: "coordinates" }, r * large, 0],
    [{ method: "flora", optimizer: "muon", maxGradNorm: 1 }, r * large, r * large],
    [{ method: "flora", optimizer: "muon", skipSpikes: 2 }, r * large, r * large],
    [{ method: "lora", optimizer: "muon" }, r * (n + m), r * (n + m)],
    [
      { method: "flora", optimizer: "sgd", accumulatorDtype: "int8" },
      Math.ceil((r * large) / 256) * (256 / 4 + 1),
      0,
    ],
  ];

  it.each(rows)("%j", (options, accumulators, state) => {
    const config = parseConfig({ rank: r, train: ["unread.txt"], ...options, modulesToSave: [] });
    const { plan } = traineeOf(model, config);
    const own = describePlan(plan).filter(
      ({ name }) => name === weight || name.startsWith("h.0.attn.c_attn.lora"),
    );
    const sum = (of: (typeof own)[number]["accumulatorBytes"][]) => of.reduce((a, b) => a + b, 0);
    expect(sum(own.map(({ accumulatorBytes }) => accumulatorBytes)) / 4).toBe(accumulators);
    expect(sum(own.map(({ optimizerBytes }) => optimizerBytes)) / 4).toBe(state);
  });
});

describe("Muon", () => {
  const planned = (options: TrainOptions, of = base) => {
    const config = parseConfig({ rank: 4, train: ["unread.txt"], optimizer: "muon", ...options });
    return traineeOf(of, config);
  };
  const base = gpt2({ vocab_size: 40, n_positions: 8, n_embd: 32, n_head: 2, n_layer: 1 });

  it("keeps its momentum for twenty steps in blocks that have nothing in common, unless told otherwise", () => {
    const weight = "h.0.attn.c_attn.weight";
    const { plan, resampleEvery } = planned({});
    expect(resampleEvery).toBe(20);
    expect(planned({ resampleEvery: 3 }).resampleEvery).toBe(3);
    expect(plan.get(weight)?.training?.compression).toMatchObject({
      projection: { family: "orthonormal", rank: 4, dimension: 32 },
      subspace: { blocks: 8 },
    });
    const gaussian = planned({ projection: "gaussian" }).plan.get(weight);
    expect(gaussian?.training?.compression?.subspace).not.toHaveProperty("blocks");
    const adam = planned({ optimizer: "adam", projection: "orthonormal" }).plan.get(weight);
    expect(adam?.training?.compression?.subspace).not.toHaveProperty("blocks");
  });

  it.each([32, 40])("is dense where a rank of %d saves nothing", (rank) => {
    const { plan } = planned({ rank });
    const { compressed, treatment, optimizerBytes, shape } =
      describePlan(plan).find(({ name }) => name === "h.0.attn.c_proj.weight") ?? {};
    expect({ compressed, treatment }).toEqual({
      compressed: false,
      treatment: `dense: rank ${rank} saves nothing on 32 columns`,
    });
    expect(optimizerBytes).toBe(4 * (shape ?? []).reduce((n, dim) => n * dim, 1));
  });

  it("leaves heads to AdamW", () => {
    const classifier = bert({
      hidden_size: 12,
      num_hidden_layers: 1,
      architectures: ["BertForSequenceClassification"],
    });
    const { plan } = planned({ method: "dense" }, classifier);
    const state = (name: string) => Object.keys(plan.get(name)?.training?.state ?? {});
    expect(state("classifier.weight")).toEqual(["base.0.mu", "base.0.nu"]);
    expect(state("bert.pooler.dense.weight")).toEqual(["base.0.0.trace"]);
  });

  it.each<[TrainOptions, string]>([
    [{ momentum: 0.9 }, "momentum: the optimizer has a momentum of its own; got 0.9"],
    [{ method: "dense", momentum: 0.9 }, "momentum: the optimizer has a momentum of its own"],
    [
      { compressMoments: true },
      "compressMoments: needs method flora, optimizer adam or adamw or momentum",
    ],
  ])("%j is refused", (options, message) => {
    expect(() => planned(options)).toThrow(message);
  });
});

describe("what is trained beside the adapters", () => {
  const model = gpt2({ vocab_size: 40, n_positions: 8, n_embd: 32, n_head: 2, n_layer: 1 });
  const trained = (options: TrainOptions, base = model) => {
    const { plan } = traineeOf(base, parseConfig({ train: ["unread.txt"], ...options }));
    const names = [...plan].filter(([, { training }]) => training).map(([name]) => name);
    return names.filter((name) => !name.includes("lora_"));
  };

  it("is nothing in a model from disk, for ReLoRA all that is not adapted, and so from scratch", () => {
    expect(trained({ method: "lora", model: "dir" })).toEqual([]);
    const all = [...model.params.keys()].filter(
      (name) => !/\.(c_attn|c_proj|c_fc)\.weight$/.test(name),
    );
    expect(trained({ method: "relora", model: "dir" })).toEqual(all);
    expect(trained({ method: "lora" })).toEqual(all);
  });

  it("is the head of a classifier, as in peft, and all that may be new for another task", () => {
    const bertFor = (architecture: string) =>
      bert({ hidden_size: 12, num_hidden_layers: 1, architectures: [architecture] });
    const lora = { method: "lora", model: "dir" } as const;
    const head = ["classifier.weight", "classifier.bias"];
    const classifier = bertFor("BertForSequenceClassification");
    expect(trained(lora, classifier)).toEqual(head);
    // Its weight has an adapter.
    const pooler = ["bert.pooler.dense.bias"];
    expect(trained({ ...lora, task: "classify" }, classifier)).toEqual([...pooler, ...head]);
    expect(trained(lora, bertFor("BertForMaskedLM"))).toEqual([]);
    expect(trained({ ...lora, task: "mask" }, bertFor("BertForMaskedLM"))).toContain(
      "cls.predictions.bias",
    );
  });

  it("is what modulesToSave names", () => {
    const options: TrainOptions = { method: "lora", model: "dir", targets: ["c_attn"] };
    expect(trained({ ...options, modulesToSave: ["ln_f", "mlp.c_fc"] })).toEqual([
      "h.0.mlp.c_fc.weight",
      "h.0.mlp.c_fc.bias",
      "ln_f.weight",
      "ln_f.bias",
    ]);
  });

  it.each([
    [{ modulesToSave: ["nothing"] }, 'modulesToSave: no module matches "nothing"'],
    [{ modulesToSave: ["c_attn"] }, "h.0.attn.c_attn has an adapter already"],
    [{ modulesToSave: ["wte"] }, "wte is also the output embedding"],
    [{ targets: ["q_proj"] }, 'targets: no linear map matches "q_proj"'],
  ])("%j is refused", (options, message) => {
    expect(() => trained({ method: "lora", model: "dir", ...options })).toThrow(message);
  });
});

it.each(["wte", "lm_head"])("an adapter of %s beside rows of new tokens is refused", (target) => {
  const sizes = { n_positions: 8, n_embd: 32, n_head: 2, n_layer: 1 };
  const [stored, grown] = [40, 42].map((vocab_size) => gpt2({ vocab_size, ...sizes }));
  if (!stored || !grown) throw new Error("no models");
  const growth = { stored, tokens: { start: 40, end: 42 } };
  const config = parseConfig({ method: "lora", model: "dir", targets: [target], rank: 4 });
  const error = caught(() => traineeOf(grown, config, {}, growth));
  expect(error).toMatchObject({
    message: expect.stringContaining("whose rows of wte are trained beside adapters, not by one"),
    hint: `leave ${target} out of targets`,
  });
});

const caught = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

it.each<[TrainOptions, boolean]>([
  [{ method: "lora", model: "dir" }, true],
  [{ method: "lora", model: "dir", task: "pairs" }, true],
  [{ method: "lora", model: "dir", task: "classify" }, false],
  [{ method: "lora" }, false],
  [{ method: "relora", model: "dir" }, false],
  [{ method: "flora", model: "dir" }, false],
])("whether adapters are left by %j is %s", (options, leaves) => {
  expect(leavesAdapters(parseConfig({ train: "unread.txt", ...options }))).toBe(leaves);
});

it.each<[TrainOptions]>([
  [{ method: "dense", optimizer: "adam" }],
  [{ optimizer: "adafactor" }],
  [{ optimizer: "adam", momentum: 0.9 }],
])("compressed moments of %j are refused", (options) => {
  expect(() => parseConfig({ ...options, compressMoments: true })).toThrow(
    "compressMoments: needs",
  );
});

it("compressed moments may not be moved too often", () => {
  const model = gpt2({ vocab_size: 40, n_positions: 8, n_embd: 32, n_head: 2, n_layer: 1 });
  const options: TrainOptions = {
    optimizer: "adam",
    compressMoments: true,
    rank: 4,
    train: ["unread.txt"],
  };
  expect(() => traineeOf(model, parseConfig({ ...options, resampleEvery: 9 }))).toThrow(
    "would grow without bound",
  );
  expect(() => traineeOf(model, parseConfig({ ...options, resampleEvery: 10 }))).not.toThrow();
});
