/** BERT against transformers: hidden tokens, classes of pairs of texts, and vectors of texts; logits, loss and every gradient. */

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { grad } from "../../../../src/autodiff/index.ts";
import { UsageError } from "../../../../src/errors.ts";
import { mapTensors, type Tensors } from "../../../../src/graph/tensors.ts";
import { input, type Value } from "../../../../src/graph/value.ts";
import { bert } from "../../../../src/models/architectures/encoders/bert.ts";
import { modelFromConfig } from "../../../../src/models/architectures/registry.ts";
import { headOf, type InputTypes, type Model } from "../../../../src/models/model.ts";
import type { DropoutMasks } from "../../../../src/nn/dropout.ts";
import { crossEntropy, logitsOf } from "../../../../src/nn/loss.ts";
import { normalized, pairLoss } from "../../../../src/nn/similarity.ts";
import { scale } from "../../../../src/ops/elementwise.ts";
import { foldBatch, reshape } from "../../../../src/ops/movement.ts";
import { float32, type HostTensor, int32 } from "../../../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32, numbersOf } from "../../../support/close.ts";
import { type HostTensors, runGraph, tensorNamed } from "../../../support/graph.ts";
import {
  CLASSIFIERS,
  EMBEDDERS,
  expectGradients,
  MASKED,
  readEmbeddingGolden,
  readGolden,
  targetsOf,
} from "../../golden.ts";
import { loadWeights, writeSafetensors } from "../../../support/on-node.ts";

/** The parameters as inputs, each one value however often it is asked for. */
function paramsOf({ params }: Model): Tensors {
  const specs = Object.fromEntries(params);
  return mapTensors(specs, ({ shape }, name) => input(name, "float32", shape));
}

const inputsOf = (types: InputTypes): Tensors =>
  mapTensors(types, ({ dtype, shape }, name) => input(name, dtype, shape));

interface ForwardOptions {
  readonly params: Tensors;
  readonly inputs: Tensors;
  readonly masks?: DropoutMasks;
}

const named = (tensors: Tensors, name: string): Value => {
  const value = tensors[name];
  if (value) return value;
  throw new Error(`no value ${name}`);
};

/** All stages, to [B, K, C]. */
function forward({ stages }: Model, { params, inputs, masks }: ForwardOptions): Value {
  return stages.reduce<Value>(
    (x, { params: names, ...stage }) =>
      stage.forward(
        x,
        mapTensors(names, (name) => named(params, name)),
        { inputs, masks },
      ),
    named(inputs, "ids"),
  );
}

/** The logits of every row of the last hidden states, [N, V]. */
function logits(model: Model, options: ForwardOptions): Value {
  const { weight, bias } = headOf(model);
  const { params } = options;
  return logitsOf({
    hidden: foldBatch(forward(model, options)),
    weight: named(params, weight),
    bias: bias === undefined ? undefined : named(params, bias),
  });
}

/** Inputs under our names; every token is to be guessed. */
function feedsOf(inputs: HostTensors): HostTensors {
  const ids = tensorNamed(inputs, "input_ids");
  const mask = tensorNamed(inputs, "attention_mask");
  const types = inputs["token_type_ids"] ?? int32(ids.shape, new Int32Array(ids.data.length));
  const places = Int32Array.from({ length: ids.data.length }, (_, i) => i);
  return { ids, attentionMask: mask, tokenTypes: types, chosen: int32(ids.shape, places) };
}

const typesOf = (model: Model, { shape: [batch = 0, length = 0] }: HostTensor): InputTypes =>
  model.inputTypes(batch, length);

/** Gradients of a loss with respect to named parameters, as named outputs. */
function gradients(loss: Value, params: Tensors, names: readonly string[]): Tensors {
  const found = grad(
    loss,
    names.map((name) => named(params, name)),
  );
  return Object.fromEntries(
    names.flatMap((name, i) => {
      const gradient = found[i];
      return gradient ? [[GRADIENT + name, gradient] as const] : [];
    }),
  );
}

/** Before the names of gradients, which are those of the parameters. */
const GRADIENT = "gradient of ";

const gradientsIn = (results: HostTensors): HostTensors =>
  Object.fromEntries(
    Object.entries(results).map(([name, tensor]) => [name.replace(GRADIENT, ""), tensor]),
  );

const shapesOf = (tensors: Iterable<readonly [string, { readonly shape: readonly number[] }]>) =>
  Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]));

describe.each([
  ...MASKED.map((name) => [name, "masked", 40] as const),
  ...CLASSIFIERS.map((name) => [name, "classification", 3] as const),
])("%s", (name, task, rows) => {
  const golden = readGolden(name);
  const model = modelFromConfig(golden.config);
  const params = paramsOf(model);
  const feeds = feedsOf(golden.inputs);
  const inputs = inputsOf(typesOf(model, tensorNamed(feeds, "ids")));

  it("has the parameters of the checkpoint", () => {
    expect(shapesOf(model.params)).toEqual(shapesOf(Object.entries(golden.weights)));
    expect(model).toMatchObject({
      type: golden.config["model_type"],
      task,
      width: 16,
      vocabularySize: 40,
    });
    expect(model.params.get(headOf(model).weight)?.shape).toEqual([rows, 16]);
  });

  it("has the logits, the loss and the gradients of transformers", async () => {
    const { targets, weights } = targetsOf(golden);
    const predicted = logits(model, { params, inputs });
    const loss = crossEntropy(
      predicted,
      input("targets", "int32", targets.shape),
      input("shares", "float32", weights.shape),
    );
    const outputs = { ...gradients(loss, params, Object.keys(golden.gradients)), loss, predicted };
    const given = { ...golden.weights, ...feeds, targets, shares: weights };
    const results = await runGraph(outputs, given);
    const what = { what: "logits" };
    const all = numbersOf(tensorNamed(results, "predicted"));
    expectClose(all, numbersOf(golden.logits), FLOAT32, what);
    expectClose(numbersOf(tensorNamed(results, "loss")), [golden.loss], FLOAT32);
    expectGradients(gradientsIn(results), golden);
  });
});

describe.each(EMBEDDERS)("%s", (name) => {
  const golden = readEmbeddingGolden(name);
  const model = modelFromConfig(golden.config);
  const params = paramsOf(model);
  const feeds = feedsOf(golden.inputs);
  const inputs = inputsOf(typesOf(model, tensorNamed(feeds, "ids")));
  const vectors = reshape(forward(model, { params, inputs }), [8, 16]);

  it("has the parameters of the checkpoint, and those of BERT's pooler, which it does not use", () => {
    const pooler = { "pooler.dense.weight": [16, 16], "pooler.dense.bias": [16] };
    expect(shapesOf(model.params)).toEqual({
      ...shapesOf(Object.entries(golden.weights)),
      ...(name === "bert_embedding" && pooler),
    });
    expect(model).toMatchObject({ task: "embedding", width: 16 });
    expect(model.head).toBeUndefined();
  });

  it("has the vectors, the loss of pairs and the gradients of PyTorch", async () => {
    const { loss } = pairLoss(vectors, input("weights", "float32", [4]));
    const mean = scale(loss, 1 / 4);
    const results = await runGraph(
      { ...gradients(mean, params, Object.keys(golden.gradients)), mean, y: normalized(vectors) },
      { ...golden.weights, ...feeds, weights: float32([4], new Float32Array(4).fill(1)) },
    );
    const y = numbersOf(tensorNamed(results, "y"));
    expectClose(y, numbersOf(golden.embeddings), FLOAT32, { what: "embeddings" });
    expectClose(numbersOf(tensorNamed(results, "mean")), [golden.loss], FLOAT32);
    expectGradients(gradientsIn(results), golden);
  });
});

it("the vector of a text is the mean of its tokens, whatever fills it up", async () => {
  const golden = readEmbeddingGolden();
  const model = bert(golden.config);
  const feeds = feedsOf(golden.inputs);
  const options = {
    params: paramsOf(model),
    inputs: inputsOf(typesOf(model, tensorNamed(feeds, "ids"))),
  };
  const last = { ...model, stages: model.stages.slice(0, -1) };
  const outputs = { tokens: forward(last, options), mean: forward(model, options) };
  const results = await runGraph(outputs, { ...golden.weights, ...feeds });
  const [tokens, mask] = [tensorNamed(results, "tokens"), tensorNamed(feeds, "attentionMask")];
  const [all, counted] = [numbersOf(tokens), numbersOf(mask)];
  const means = Array.from({ length: 8 }, (_, row) => {
    const rows = [0, 1, 2, 3, 4, 5, 6, 7, 8].filter((at) => counted[9 * row + at] === 1);
    return Array.from({ length: 16 }, (__, c) => {
      const column = rows.map((at) => all[(9 * row + at) * 16 + c] ?? NaN);
      return column.reduce((sum, x) => sum + x, 0) / rows.length;
    });
  });
  expectClose(numbersOf(tensorNamed(results, "mean")), means.flat(), FLOAT32);
});

describe("dropout", () => {
  function drawn(fields: Readonly<Record<string, unknown>>): string[] {
    const model = bert({ ...TINY, ...fields });
    const names: string[] = [];
    const mask: DropoutMasks["mask"] = (name, shape, rate) => {
      names.push(`${name} ${shape.join("x")} ${rate}`);
      return input(`mask ${name}`, "uint8", shape);
    };
    const params = paramsOf(model);
    forward(model, { params, inputs: inputsOf(model.inputTypes(2, 3)), masks: { mask } });
    return names;
  }
  const rates = { hidden_dropout_prob: 0.2, attention_probs_dropout_prob: 0.3 };
  const shared = [
    "embeddings 2x3x8 0.2",
    "probabilities 2x2x3x3 0.3",
    "attention 2x3x8 0.2",
    "output 2x3x8 0.2",
  ];

  it.each([
    ["BertForMaskedLM", {}, shared],
    ["BertModel", {}, shared],
    ["BertForSequenceClassification", {}, [...shared, "pooled 2x1x8 0.2"]],
    ["BertForSequenceClassification", { classifier_dropout: 0.4 }, [...shared, "pooled 2x1x8 0.4"]],
    ["BertForSequenceClassification", { classifier_dropout: 0 }, shared],
  ])("of %s with %j has a mask for each place", (architecture, fields, expected) => {
    expect(drawn({ architectures: [architecture], ...rates, ...fields })).toEqual(expected);
  });

  it("draws nothing at rate 0", () => {
    const none = { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 };
    expect(drawn({ ...none, architectures: ["BertForSequenceClassification"] })).toEqual([]);
  });
});

const TINY = {
  vocab_size: 7,
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 12,
  max_position_embeddings: 4,
};

describe("the configuration", () => {
  // num_parameters() of transformers 5.23, with the default BertConfig.
  it.each([
    ["BertForMaskedLM", 109_514_298],
    ["BertForSequenceClassification", 109_483_778],
    ["BertModel", 109_482_240],
  ])("of %s is the base size where nothing is said", (architecture, count) => {
    const { params, contextLength } = bert({ architectures: [architecture] });
    const elements = [...params.values()].map(({ shape }) => shape.reduce((n, dim) => n * dim, 1));
    expect(elements.reduce((sum, n) => sum + n, 0)).toBe(count);
    expect(contextLength).toBe(512);
  });

  it("is kept with the fields that it does not know", () => {
    expect(bert({ a: 1 }).config).toMatchObject({ a: 1, architectures: ["BertForMaskedLM"] });
  });

  it.each([
    [{}, ["LABEL_0", "LABEL_1"]],
    [{ num_labels: 3 }, ["LABEL_0", "LABEL_1", "LABEL_2"]],
    [{ id2label: { "1": "b", "0": "a" } }, ["a", "b"]],
    [{ id2label: { "0": "a", "1": "b", "2": "c" }, num_labels: 2 }, ["a", "b", "c"]],
  ])("%j has the classes %j", (fields, labels) => {
    const model = bert({ ...fields, architectures: ["BertForSequenceClassification"] });
    expect(model.labels).toEqual(labels);
    expect(model.params.get("classifier.weight")?.shape).toEqual([labels.length, 768]);
  });

  it.each([
    [{ hidden_size: 10 }, /^bert config: hidden_size must be divisible .* got 10 and 12/],
    [{ position_embedding_type: "relative_key" }, /^bert config: position_embedding_type: /],
    [{ architectures: ["BertForTokenClassification"] }, /^bert config: architectures.0: /],
    [{ is_decoder: true }, /^bert config: is_decoder: /],
    [{ tie_word_embeddings: false }, /^bert config: tie_word_embeddings: /],
    [{ problem_type: "regression" }, /^bert config: problem_type: /],
    [{ hidden_act: "mish" }, /^bert config: hidden_act: must be one of .*; got mish/],
    [{ hidden_dropout_prob: 1 }, /^bert config: hidden_dropout_prob: /],
    [
      { num_labels: 1, architectures: ["BertForSequenceClassification"] },
      /^num_labels: must be at least 2/,
    ],
  ])("%j is refused", (fields, message) => {
    expect(() => bert(fields)).toThrow(UsageError);
    expect(() => bert(fields)).toThrow(message);
  });
});

describe("the initial parameters", () => {
  // As `_init_weights` of transformers has them.
  it.each(["BertForMaskedLM", "BertForSequenceClassification", "BertModel"])("of %s", (name) => {
    const { params } = bert({ ...TINY, architectures: [name], initializer_range: 0.05 });
    for (const [param, { shape, init, role }] of params) {
      if (shape.length === 2) {
        expect(init, param).toEqual({ kind: "normal", deviation: 0.05 });
        expect(role, param).toBe(param.includes("embeddings") ? "embedding" : "matrix");
      } else {
        const isNormWeight = param.endsWith("LayerNorm.weight");
        expect(init, param).toEqual({ kind: "constant", value: isNormWeight ? 1 : 0 });
        expect(role, param).toBe(param.includes("LayerNorm") ? "norm" : "bias");
      }
    }
  });
});

describe("checkpoints", () => {
  const [mlm, classes] = [readGolden("bert_mlm"), readGolden("bert_classification")];
  const plain = readEmbeddingGolden();
  const vector = float32([1], Float32Array.of(1));
  const missingOf = ({ params }: Model, loaded: ReadonlyMap<string, HostTensor>) =>
    [...params.keys()].filter((name) => !loaded.has(name));

  /** Loads a model of these fields from a file with these tensors. */
  async function load(fields: object, tensors: HostTensors) {
    const model = bert({ ...fields });
    const directory = mkdtempSync(join(tmpdir(), "flora-bert-"));
    await writeSafetensors(join(directory, "model.safetensors"), Object.entries(tensors));
    const shapes = new Map([...model.params].map(([name, { shape }]) => [name, shape]));
    const loaded = await loadWeights(directory, shapes, model.checkpoint);
    return { loaded, missing: missingOf(model, loaded) };
  }

  it("of the first version load, with old names and what belongs to other tasks", async () => {
    const old = Object.entries(mlm.weights).map(([name, tensor]) => {
      const before = name.replace("LayerNorm.weight", "LayerNorm.gamma");
      return [before.replace("LayerNorm.bias", "LayerNorm.beta"), tensor] as const;
    });
    const { loaded, missing } = await load(mlm.config, {
      ...Object.fromEntries(old),
      "bert.embeddings.position_ids": int32([1, 16], new Int32Array(16)),
      "bert.pooler.dense.weight": vector,
      "cls.predictions.decoder.weight": vector,
      "cls.seq_relationship.bias": vector,
    });
    expect(missing).toEqual([]);
    expect(loaded).toEqual(new Map(Object.entries(mlm.weights)));
  });

  it.each([
    [
      "BertForSequenceClassification",
      plain.weights,
      ["pooler", "pooler", "classifier", "classifier"],
    ],
    [
      "BertForSequenceClassification",
      mlm.weights,
      ["pooler", "pooler", "classifier", "classifier"],
    ],
    [
      "BertForMaskedLM",
      plain.weights,
      ["transform", "transform", "transform", "transform", "bias"],
    ],
    [
      "BertForMaskedLM",
      classes.weights,
      ["transform", "transform", "transform", "transform", "bias"],
    ],
    ["BertModel", mlm.weights, ["pooler", "pooler"]],
    ["BertModel", classes.weights, []],
  ] as const)("of another task load into %s, but for its head", async (name, tensors, lacking) => {
    const { missing } = await load({ ...mlm.config, architectures: [name] }, tensors);
    expect(missing).toHaveLength(lacking.length);
    for (const [i, part] of lacking.entries()) expect(missing[i]).toContain(part);
  });

  it("with what no BERT has are refused", async () => {
    const tensors = { ...plain.weights, "encoder.layer.2.output.dense.bias": vector };
    await expect(load(plain.config, tensors)).rejects.toThrow("unexpected: encoder.layer.2");
  });
});
