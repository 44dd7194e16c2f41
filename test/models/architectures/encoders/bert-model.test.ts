/** RoBERTa, DistilBERT and ModernBERT: published sizes, what is refused, and dropout; their numbers are compared in bert.test.ts. */

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../../../src/errors.ts";
import { mapTensors, tensorAt } from "../../../../src/graph/tensors.ts";
import { input, type Value } from "../../../../src/graph/value.ts";
import { distilbert } from "../../../../src/models/architectures/encoders/distilbert.ts";
import { modernbert } from "../../../../src/models/architectures/encoders/modernbert.ts";
import {
  layersOf,
  modernBertConfig,
} from "../../../../src/models/architectures/encoders/modernbert-config.ts";
import { roberta } from "../../../../src/models/architectures/encoders/roberta.ts";
import { modelFromConfig } from "../../../../src/models/architectures/registry.ts";
import { float32, int32 } from "../../../../src/tensor/host-tensor.ts";
import { loadWeights, writeSafetensors } from "../../../support/on-node.ts";
import { readGolden } from "../../golden.ts";

// num_parameters() of transformers 5.24, with the default configurations.
it.each([
  ["roberta", "RobertaForMaskedLM", 124_696_665, 510],
  ["roberta", "RobertaForSequenceClassification", 124_646_402, 510],
  ["distilbert", "DistilBertForMaskedLM", 66_985_530, 512],
  ["distilbert", "DistilBertForSequenceClassification", 66_955_010, 512],
  ["modernbert", "ModernBertForMaskedLM", 149_655_232, 8192],
  ["modernbert", "ModernBertForSequenceClassification", 149_606_402, 8192],
  ["modernbert", "ModernBertModel", 149_014_272, 8192],
])("%s, %s, is the base size where nothing is said", (model_type, name, count, length) => {
  const { params, contextLength } = modelFromConfig({ model_type, architectures: [name] });
  const elements = [...params.values()].map(({ shape }) => shape.reduce((n, dim) => n * dim, 1));
  expect(elements.reduce((sum, n) => sum + n, 0)).toBe(count);
  expect(contextLength).toBe(length);
});

describe("what is not computed is refused by name", () => {
  it.each([
    [{ architectures: ["RobertaModel"] }, /^roberta config: architectures.0: /],
    [{ hidden_size: 10 }, /^roberta config: hidden_size must be divisible .* got 10 and 12/],
    [{ is_decoder: true }, /^roberta config: is_decoder: /],
    [{ add_cross_attention: true }, /^roberta config: add_cross_attention: /],
    [{ position_embedding_type: "relative_key" }, /^roberta config: position_embedding_type: /],
    [{ tie_word_embeddings: false }, /^roberta config: tie_word_embeddings: /],
    [{ problem_type: "regression" }, /^roberta config: problem_type: /],
  ])("roberta: %j", (fields, message) => {
    expect(() => roberta(fields)).toThrow(UsageError);
    expect(() => roberta(fields)).toThrow(message);
  });

  it.each([
    [{ architectures: ["DistilBertModel"] }, /^distilbert config: architectures.0: /],
    [{ dim: 10 }, /^distilbert config: hidden_size must be divisible .* got 10 and 12/],
    [{ sinusoidal_pos_embds: true }, /^distilbert config: sinusoidal_pos_embds: /],
    [{ tie_word_embeddings: false }, /^distilbert config: tie_word_embeddings: /],
  ])("distilbert: %j", (fields, message) => {
    expect(() => distilbert(fields)).toThrow(UsageError);
    expect(() => distilbert(fields)).toThrow(message);
  });
});

describe("ModernBERT", () => {
  it.each([
    [{ architectures: ["ModernBertForTokenClassification"] }, /^modernbert config: architectures/],
    [{ hidden_size: 36 }, /hidden_size must be an even multiple .* got 36 and 12/],
    [{ layer_types: ["full_attention"] }, /layer_types must have a type for each of 22 layers/],
    [{ rope_parameters: { full_attention: { rope_type: "yarn" } } }, /scaled rotations are not/],
    [{ rope_scaling: { type: "linear", factor: 2 } }, /scaled rotations are not supported/],
    [{ decoder_bias: false }, /^modernbert config: decoder_bias: /],
    [{ tie_word_embeddings: false }, /^modernbert config: tie_word_embeddings: /],
  ])("refuses %j", (fields, message) => {
    expect(() => modernbert(fields)).toThrow(UsageError);
    expect(() => modernbert(fields)).toThrow(message);
  });

  it("sees and turns in the spelling of the Hub as in that of transformers 5", () => {
    const common = { num_hidden_layers: 4, local_attention: 6 };
    const hub = {
      ...common,
      global_attn_every_n_layers: 2,
      global_rope_theta: 500,
      local_rope_theta: 50,
    };
    const types = ["full_attention", "sliding_attention"];
    const own = {
      ...common,
      layer_types: [...types, ...types],
      rope_parameters: {
        full_attention: { rope_type: "default", rope_theta: 500 },
        sliding_attention: { rope_type: "default", rope_theta: 50 },
      },
    };
    const [older, newer] = [hub, own].map((fields) => layersOf(modernBertConfig(fields)));
    expect(older).toEqual(newer);
    expect(older?.map(({ reach, rotation }) => [reach, rotation.rope_theta])).toEqual([
      [undefined, 500],
      [3, 50],
      [undefined, 500],
      [3, 50],
    ]);
  });
});

describe("dropout is where transformers has it", () => {
  const sizes = { vocab_size: 7, max_position_embeddings: 6 };
  const common = {
    hidden_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 12,
  };
  const own = { dim: 8, n_layers: 1, n_heads: 2, hidden_dim: 12 };
  const classes = ["RobertaForSequenceClassification"];

  it.each([
    [
      { model_type: "roberta", ...common, architectures: classes, classifier_dropout: 0.3 },
      [
        "embeddings 0.1",
        "probabilities 0.1",
        "attention 0.1",
        "output 0.1",
        "first 0.3",
        "pooled 0.3",
      ],
    ],
    [
      { model_type: "distilbert", ...own, architectures: ["DistilBertForSequenceClassification"] },
      ["embeddings 0.1", "probabilities 0.1", "output 0.1", "pooled 0.2"],
    ],
    [
      {
        model_type: "modernbert",
        ...common,
        architectures: ["ModernBertForSequenceClassification"],
        embedding_dropout: 0.1,
        attention_dropout: 0.2,
        mlp_dropout: 0.3,
        classifier_dropout: 0.4,
      },
      ["embeddings 0.1", "probabilities 0.2", "attention 0.2", "inner 0.3", "pooled 0.4"],
    ],
  ])("%j", (fields, expected) => {
    const model = modelFromConfig({ ...sizes, ...fields });
    const specs = Object.fromEntries(model.params);
    const params = mapTensors(specs, ({ shape }, name) => input(name, "float32", shape));
    const types = model.inputTypes(2, 3);
    const inputs = mapTensors(types, ({ dtype, shape }, name) => input(name, dtype, shape));
    const drawn: string[] = [];
    model.stages.reduce<Value>(
      (x, stage) =>
        stage.forward(
          x,
          mapTensors(stage.params, (name) => tensorAt(params, name)),
          {
            inputs,
            masks: {
              mask(name, shape, rate) {
                drawn.push(`${name} ${rate}`);
                return input(`mask ${name}`, "uint8", shape);
              },
            },
          },
        ),
      tensorAt(inputs, "ids"),
    );
    expect(drawn).toEqual(expected);
  });
});

describe("checkpoints of the other task load but for the head", () => {
  const vector = float32([1], Float32Array.of(1));

  it.each([
    [
      "roberta_mlm",
      "RobertaForSequenceClassification",
      {
        "roberta.embeddings.position_ids": int32([1, 16], new Int32Array(16)),
        "roberta.pooler.dense.weight": vector,
        "lm_head.decoder.weight": vector,
      },
      [
        "classifier.dense.weight",
        "classifier.dense.bias",
        "classifier.out_proj.weight",
        "classifier.out_proj.bias",
      ],
    ],
    [
      "roberta_classification",
      "RobertaForMaskedLM",
      {},
      [
        "lm_head.dense.weight",
        "lm_head.dense.bias",
        "lm_head.layer_norm.weight",
        "lm_head.layer_norm.bias",
        "lm_head.bias",
      ],
    ],
    [
      "distilbert_mlm",
      "DistilBertForSequenceClassification",
      { "vocab_projector.weight": vector },
      ["pre_classifier.weight", "pre_classifier.bias", "classifier.weight", "classifier.bias"],
    ],
    [
      "distilbert_classification",
      "DistilBertForMaskedLM",
      {},
      [
        "vocab_transform.weight",
        "vocab_transform.bias",
        "vocab_layer_norm.weight",
        "vocab_layer_norm.bias",
        "vocab_projector.bias",
      ],
    ],
    [
      "modernbert_mlm",
      "ModernBertForSequenceClassification",
      { "decoder.weight": vector },
      ["classifier.weight", "classifier.bias"],
    ],
    ["modernbert_mlm", "ModernBertModel", {}, []],
    ["modernbert_classification", "ModernBertForMaskedLM", {}, ["decoder.bias"]],
  ] as const)("%s into %s", async (name, architecture, besides, lacking) => {
    const { config, weights } = readGolden(name);
    const model = modelFromConfig({ ...config, architectures: [architecture] });
    const directory = mkdtempSync(join(tmpdir(), "flora-bert-model-"));
    const tensors = Object.entries({ ...weights, ...besides });
    await writeSafetensors(join(directory, "model.safetensors"), tensors);
    const shapes = new Map([...model.params].map(([each, { shape }]) => [each, shape]));
    const loaded = await loadWeights(directory, shapes, model.checkpoint);
    expect([...model.params.keys()].filter((each) => !loaded.has(each))).toEqual(lacking);
  });
});
