/** GPT-2 against transformers: logits, loss and every gradient of a tiny configuration. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { grad } from "../../../src/autodiff/index.ts";
import { UsageError } from "../../../src/errors.ts";
import { mapTensors } from "../../../src/graph/tensors.ts";
import { input, type Value } from "../../../src/graph/value.ts";
import { gpt2 } from "../../../src/models/architectures/gpt2.ts";
import { headOf, type Model } from "../../../src/models/model.ts";
import type { DropoutMasks } from "../../../src/nn/dropout.ts";
import { crossEntropy } from "../../../src/nn/loss.ts";
import { scale } from "../../../src/ops/elementwise.ts";
import { matmul } from "../../../src/ops/matmul.ts";
import { foldBatch, matrixTranspose, reshape } from "../../../src/ops/movement.ts";
import { float32, type HostTensor, hostTensor } from "../../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32, numbersOf } from "../../support/close.ts";
import { type HostTensors, runGraph, tensorNamed } from "../../support/graph.ts";
import { integerNumbers, normals } from "../../support/random.ts";

interface Tensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Golden {
  readonly config: Readonly<Record<string, unknown>>;
  readonly ids: readonly (readonly number[])[];
  readonly targets: readonly (readonly number[])[];
  readonly lossWeights: readonly (readonly number[])[];
  readonly loss: number;
  readonly lastLogits: Tensor;
  readonly weights: Readonly<Record<string, Tensor>>;
  readonly grads: Readonly<Record<string, Tensor>>;
}

const golden: Golden = JSON.parse(readFileSync("test/golden/gpt2.json", "utf8"));
const [BATCH, LENGTH] = [2, 12];

const ids32 = (shape: readonly number[], numbers: readonly number[]): HostTensor =>
  hostTensor("int32", shape, Int32Array.from(numbers));

/** The parameters as inputs, each one value however often it is asked for. */
function byName({ params }: Model): (name: string) => Value {
  const values = new Map(
    [...params].map(([name, { shape }]) => [name, input(name, "float32", shape)]),
  );
  return (name) => {
    const value = values.get(name);
    if (value) return value;
    throw new Error(`no parameter ${name}`);
  };
}

interface ForwardOptions {
  readonly weight?: (name: string) => Value;
  readonly masks?: DropoutMasks;
  /** How many stages to go through; all by default. */
  readonly stages?: number;
}

function forward(model: Model, ids: Value, options: ForwardOptions = {}): Value {
  const { weight = byName(model), masks, stages } = options;
  return model.stages
    .slice(0, stages)
    .reduce<Value>(
      (x, stage) => stage.forward(x, mapTensors(stage.params, weight), { masks }),
      ids,
    );
}

/** The logits of ids [B, T], [B T, V]. */
function logitsOf(model: Model, ids: Value, options: ForwardOptions = {}): Value {
  const { weight = byName(model) } = options;
  const hidden = forward(model, ids, { ...options, weight });
  return matmul(foldBatch(hidden), matrixTranspose(weight(headOf(model).weight)));
}

describe("a tiny GPT-2", () => {
  const model = gpt2(golden.config);
  const weights: HostTensors = Object.fromEntries(
    Object.entries(golden.weights).map(([name, { shape, data }]) => [
      name,
      float32(shape, Float32Array.from(data)),
    ]),
  );
  const ids = input("ids", "int32", [BATCH, LENGTH]);

  it("has the parameters of the checkpoint", () => {
    const own = [...model.params].map(([name, { shape }]) => [name, shape]);
    const theirs = Object.entries(golden.weights).map(([name, { shape }]) => [name, shape]);
    expect(Object.fromEntries(own)).toEqual(Object.fromEntries(theirs));
    expect([model.type, model.width, model.vocabularySize, model.contextLength]).toEqual([
      "gpt2",
      10,
      23,
      14,
    ]);
  });

  it("has the logits, the loss and the gradients of transformers", async () => {
    const weight = byName(model);
    const logits = logitsOf(model, ids, { weight });
    const tokens = BATCH * LENGTH;
    const total = golden.lossWeights.flat().reduce((sum, share) => sum + share, 0);
    const targets = input("targets", "int32", [tokens]);
    const shares = input("lossWeights", "float32", [tokens]);
    const loss = scale(crossEntropy(logits, targets, shares), 1 / total);
    const names = Object.keys(golden.grads);
    const gradients = grad(loss, names.map(weight));
    const named = names.flatMap((name, i) => {
      const gradient = gradients[i];
      return gradient ? [[`grad ${name}`, gradient] as const] : [];
    });
    const results = await runGraph(
      { logits, loss, ...Object.fromEntries(named) },
      {
        ...weights,
        ids: ids32([BATCH, LENGTH], golden.ids.flat()),
        targets: ids32([tokens], golden.targets.flat()),
        lossWeights: float32([tokens], Float32Array.from(golden.lossWeights.flat())),
      },
    );
    const vocabulary = model.vocabularySize;
    const all = numbersOf(tensorNamed(results, "logits"));
    const last = Array.from({ length: BATCH }, (_, row) =>
      all.slice((row * LENGTH + LENGTH - 2) * vocabulary, (row + 1) * LENGTH * vocabulary),
    );
    expectClose(last.flat(), golden.lastLogits.data, FLOAT32, { what: "logits" });
    expectClose(numbersOf(tensorNamed(results, "loss")), [golden.loss], FLOAT32, { what: "loss" });
    for (const [name, { data }] of Object.entries(golden.grads)) {
      expectClose(numbersOf(tensorNamed(results, `grad ${name}`)), data, FLOAT32, { what: name });
    }
  });

  it("does not let a later token change an earlier output", async () => {
    const logits = reshape(logitsOf(model, ids), [BATCH, LENGTH, model.vocabularySize]);
    const first = integerNumbers(1, BATCH * LENGTH, model.vocabularySize);
    const changed = first.map((id, i) => (i % LENGTH < 7 ? id : (id + 5) % model.vocabularySize));
    const [a, b] = await Promise.all(
      [first, changed].map(async (numbers) => {
        const feeds = { ...weights, ids: ids32([BATCH, LENGTH], numbers) };
        return numbersOf(tensorNamed(await runGraph({ logits }, feeds), "logits"));
      }),
    );
    const perToken = (numbers: readonly number[] = [], row: number, token: number) => {
      const start = (row * LENGTH + token) * model.vocabularySize;
      return numbers.slice(start, start + model.vocabularySize);
    };
    for (let row = 0; row < BATCH; row += 1) {
      for (let token = 0; token < LENGTH; token += 1) {
        const same = expect(perToken(a, row, token));
        if (token < 7) same.toEqual(perToken(b, row, token));
        else same.not.toEqual(perToken(b, row, token));
      }
    }
  });
});

describe("dropout", () => {
  const fields = { vocab_size: 7, n_positions: 4, n_embd: 4, n_layer: 2, n_head: 2 };
  const ids = input("ids", "int32", [2, 3]);

  function drawn(rates: Readonly<Record<string, number>>) {
    const masks: { name: string; shape: string; rate: number }[] = [];
    const mask: DropoutMasks["mask"] = (name, shape, rate) => {
      masks.push({ name, shape: shape.join("x"), rate });
      return input(`mask ${name}`, "uint8", shape);
    };
    forward(gpt2({ ...fields, ...rates }), ids, { masks: { mask } });
    return masks;
  }

  it("takes its rates from the configuration, and a mask for each place of a stage", () => {
    const block = [
      { name: "attn", shape: "2x2x3x3", rate: 0.2 },
      { name: "attn.resid", shape: "2x3x4", rate: 0.3 },
      { name: "mlp.resid", shape: "2x3x4", rate: 0.3 },
    ];
    expect(drawn({ embd_pdrop: 0.1, attn_pdrop: 0.2, resid_pdrop: 0.3 })).toEqual([
      { name: "embd", shape: "2x3x4", rate: 0.1 },
      ...block,
      ...block,
    ]);
  });

  it("draws nothing at rate 0", () => {
    expect(drawn({ embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0 })).toEqual([]);
  });
});

describe("the initial parameters", () => {
  const model = gpt2({ vocab_size: 500, n_positions: 64, n_embd: 32, n_layer: 8, n_head: 4 });

  it.each([
    ["wte.weight", "embedding", 0.02],
    ["wpe.weight", "embedding", 0.02],
    ["h.3.attn.c_attn.weight", "matrix", 0.02],
    ["h.3.mlp.c_fc.weight", "matrix", 0.02],
    // Residual projections: 0.02 / sqrt(2 * 8)
    ["h.3.attn.c_proj.weight", "matrix", 0.005],
    ["h.7.mlp.c_proj.weight", "matrix", 0.005],
  ])("%s, %s, is normal with deviation %d", (name, role, deviation) => {
    const spec = model.params.get(name);
    expect(spec?.role).toBe(role);
    expect(spec?.init).toEqual({ kind: "normal", deviation: expect.closeTo(deviation, 12) });
  });

  it("are ones in the weights of norms, and zeros in biases", () => {
    for (const [name, { shape, role, init }] of model.params) {
      if (shape.length > 1) continue;
      const isNormWeight = /ln_\w+\.weight$/.test(name);
      expect(init, name).toEqual({ kind: "constant", value: isNormWeight ? 1 : 0 });
      expect(role, name).toBe(name.includes("ln_") ? "norm" : "bias");
    }
  });

  it("keep the size of the residual stream over many layers", async () => {
    const deep = gpt2({
      vocab_size: 50,
      n_positions: 32,
      n_embd: 32,
      n_layer: 24,
      n_head: 4,
      initializer_range: 0.2,
      embd_pdrop: 0,
    });
    const draw = normals(1);
    const weights: HostTensors = Object.fromEntries(
      [...deep.params].map(([name, { shape, init }]) => {
        const count = shape.reduce((n, dim) => n * dim, 1);
        const next = () => {
          if (init.kind === "normal") return init.deviation * draw();
          return init.kind === "constant" ? init.value : NaN;
        };
        return [name, float32(shape, Float32Array.from({ length: count }, next))];
      }),
    );
    const tokens = input("ids", "int32", [4, 32]);
    const results = await runGraph(
      {
        shallow: forward(deep, tokens, { stages: 2 }),
        deep: forward(deep, tokens, { stages: 25 }),
      },
      { ...weights, ids: ids32([4, 32], integerNumbers(3, 128, 50)) },
    );
    const size = (name: string) => Math.hypot(...numbersOf(tensorNamed(results, name)));
    // Without the factor 1/sqrt(2 L) it grows by more than a factor of ten.
    expect(size("deep") / size("shallow")).toBeLessThan(4);
  });
});

describe("the configuration", () => {
  it("is GPT-2 small where nothing is said", () => {
    const model = gpt2({});
    expect([model.width, model.vocabularySize, model.contextLength]).toEqual([768, 50257, 1024]);
    expect(model.stages.map(({ kind }) => kind)).toEqual([
      "embed",
      ...Array.from({ length: 12 }, () => "block"),
      "norm",
    ]);
    const elements = [...model.params.values()].reduce(
      (sum, { shape }) => sum + shape.reduce((n, dim) => n * dim, 1),
      0,
    );
    // https://huggingface.co/openai-community/gpt2: 124M
    expect(elements).toBe(124_439_808);
  });

  it("keeps fields that it does not know", () => {
    expect(gpt2({ task_specific_params: { a: 1 } }).config).toMatchObject({
      task_specific_params: { a: 1 },
    });
  });

  it("takes the inner width of the MLP", () => {
    expect(gpt2({ n_inner: 100 }).params.get("h.0.mlp.c_fc.weight")?.shape).toEqual([768, 100]);
    expect(gpt2({ n_inner: null }).params.get("h.0.mlp.c_fc.weight")?.shape).toEqual([768, 3072]);
  });

  it.each([
    [{ n_embd: 10, n_head: 3 }, "gpt2 config: n_embd must be divisible by n_head; got 10 and 3"],
    [{ n_layer: 0 }, /^gpt2 config: n_layer: /],
    [{ n_embd: 7.5 }, /^gpt2 config: n_embd: /],
    [{ vocab_size: "many" }, /^gpt2 config: vocab_size: /],
    [{ attn_pdrop: 1 }, /^gpt2 config: attn_pdrop: /],
    [{ resid_pdrop: -0.1 }, /^gpt2 config: resid_pdrop: /],
    [{ activation_function: "relu" }, /^gpt2 config: activation_function: /],
    [{ tie_word_embeddings: false }, /^gpt2 config: tie_word_embeddings: /],
    [{ scale_attn_weights: false }, /^gpt2 config: scale_attn_weights: /],
    [{ scale_attn_by_inverse_layer_idx: true }, /^gpt2 config: scale_attn_by_inverse_layer_idx: /],
    [{ model_type: "gpt_neo" }, /^gpt2 config: model_type: /],
  ])("%j is refused", (fields, message) => {
    expect(() => gpt2(fields)).toThrow(UsageError);
    expect(() => gpt2(fields)).toThrow(message);
  });
});
