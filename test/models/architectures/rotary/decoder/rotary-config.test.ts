/** Configurations of decoders with a rotary embedding: published sizes, and windows of layers. */

import { describe, expect, it } from "vitest";
import { UsageError } from "../../../../../src/errors.ts";
import { modelFromConfig } from "../../../../../src/models/architectures/registry.ts";

// Parameters as the model cards on huggingface.co count them, a head that is the embedding once.
const PUBLISHED = [
  ["Llama 2 7B", { model_type: "llama" }, 6_738_415_616],
  [
    "TinyLlama 1.1B",
    {
      model_type: "llama",
      hidden_size: 2048,
      intermediate_size: 5632,
      num_hidden_layers: 22,
      num_key_value_heads: 4,
    },
    1_100_048_384,
  ],
  [
    "Llama 3.2 1B",
    {
      model_type: "llama",
      vocab_size: 128_256,
      hidden_size: 2048,
      intermediate_size: 8192,
      num_hidden_layers: 16,
      num_key_value_heads: 8,
      head_dim: 64,
      tie_word_embeddings: true,
    },
    1_235_814_400,
  ],
  ["Mistral 7B", { model_type: "mistral" }, 7_241_732_096],
  [
    "Qwen 2.5 0.5B",
    {
      model_type: "qwen2",
      hidden_size: 896,
      intermediate_size: 4864,
      num_hidden_layers: 24,
      num_attention_heads: 14,
      num_key_value_heads: 2,
      tie_word_embeddings: true,
    },
    494_032_768,
  ],
  [
    "Qwen 3 0.6B",
    {
      model_type: "qwen3",
      hidden_size: 1024,
      intermediate_size: 3072,
      num_hidden_layers: 28,
      num_attention_heads: 16,
      num_key_value_heads: 8,
      tie_word_embeddings: true,
    },
    596_049_920,
  ],
  ["SmolLM3 3B", { model_type: "smollm3" }, 3_075_098_624],
  [
    "Granite 3.1 2B",
    {
      model_type: "granite",
      vocab_size: 49_155,
      hidden_size: 2048,
      intermediate_size: 8192,
      num_hidden_layers: 40,
      num_key_value_heads: 8,
      tie_word_embeddings: true,
    },
    2_533_531_648,
  ],
  [
    "OLMo 2 1B",
    {
      model_type: "olmo2",
      vocab_size: 100_352,
      hidden_size: 2048,
      intermediate_size: 8192,
      num_hidden_layers: 16,
      num_attention_heads: 16,
    },
    1_484_916_736,
  ],
  ["Phi-3-mini", { model_type: "phi3" }, 3_821_079_552],
  ["Gemma 7B", { model_type: "gemma" }, 8_537_680_896],
  ["Gemma 2 2B", { model_type: "gemma2" }, 2_614_341_888],
] as const;

it.each(PUBLISHED)("%s has its number of parameters", (_, fields, expected) => {
  const { params } = modelFromConfig(fields);
  const elements = [...params.values()].map(({ shape }) => shape.reduce((n, dim) => n * dim, 1));
  expect(elements.reduce((sum, n) => sum + n, 0)).toBe(expected);
});

describe("windows", () => {
  const tiny = {
    vocab_size: 5,
    hidden_size: 8,
    intermediate_size: 6,
    num_hidden_layers: 4,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    head_dim: 4,
  };
  const [full, sliding] = ["full_attention", "sliding_attention"] as const;

  it.each([
    [{ model_type: "llama" }, "...."],
    [{ model_type: "mistral", sliding_window: 3 }, "3333"],
    [{ model_type: "mistral", sliding_window: null }, "...."],
    [{ model_type: "qwen2" }, "...."],
    [{ model_type: "qwen2", use_sliding_window: true, max_window_layers: 3 }, "...4096"],
    [{ model_type: "qwen2", layer_types: [full, sliding, sliding, full] }, "...."],
    [{ model_type: "qwen3", use_sliding_window: true, sliding_window: 7 }, "...."],
    [
      {
        model_type: "qwen3",
        use_sliding_window: true,
        sliding_window: 7,
        layer_types: [full, sliding, sliding, full],
      },
      ".77.",
    ],
    [{ model_type: "smollm3", sliding_window: 3 }, "...."],
    [{ model_type: "smollm3", sliding_window: 3, use_sliding_window: true }, "...3"],
    [{ model_type: "phi3" }, "...."],
    [{ model_type: "phi3", sliding_window: 3 }, "3333"],
    [{ model_type: "gemma", sliding_window: 3 }, "...."],
    [{ model_type: "gemma2", sliding_window: 3 }, "3.3."],
    [{ model_type: "gemma2", sliding_window: 3, layer_types: [full, full, full, sliding] }, "...3"],
  ])("of %j are %s", (fields, expected) => {
    const blocks = modelFromConfig({ ...tiny, ...fields }).stages.filter(({ attends }) => attends);
    expect(blocks.map(({ kind }) => /\d+/.exec(kind)?.[0] ?? ".").join("")).toBe(expected);
  });

  it("are refused where layers have no type, or one that is unknown", () => {
    const build = (layer_types: readonly string[]) => () =>
      modelFromConfig({ ...tiny, model_type: "gemma2", layer_types });
    expect(build([full, sliding])).toThrow(UsageError);
    expect(build([full, sliding])).toThrow(
      "gemma2 config: layer_types must have a type for each of 4 layers; got 2",
    );
    expect(build([full, full, full, "chunked_attention"])).toThrow(/layer_types\.3/);
  });

  it.each(["gemma", "gemma2"])("%s looks back alone", (model_type) => {
    const fields = { ...tiny, model_type, use_bidirectional_attention: true };
    expect(() => modelFromConfig(fields)).toThrow(/config: use_bidirectional_attention: /);
  });
});

it.each([
  [
    { rope_scaling: { type: "longrope", short_factor: [1], long_factor: [2] } },
    "rope_scaling.type",
  ],
  [{ rope_scaling: { type: "yarn", factor: 2 } }, "rope_scaling.type"],
  [{ rope_parameters: { rope_type: "longrope" } }, "rope_parameters.rope_type"],
  [{ rope_parameters: { partial_rotary_factor: 0.75 } }, "rope_parameters.partial_rotary_factor"],
  [{ partial_rotary_factor: 0.75 }, "partial_rotary_factor"],
  [{ resid_pdrop: 0.1 }, "resid_pdrop"],
  [{ embd_pdrop: 0.1 }, "embd_pdrop"],
])("Phi-3 with %j is refused, as it is not computed", (fields, name) => {
  const build = () => modelFromConfig({ model_type: "phi3", ...fields });
  expect(build).toThrow(UsageError);
  expect(build).toThrow(`phi3 config: ${name}: `);
});

describe("SmolLM3", () => {
  const fields = { model_type: "smollm3", vocab_size: 5, hidden_size: 8, intermediate_size: 6 };
  const tiny = { ...fields, num_hidden_layers: 4, num_attention_heads: 2, num_key_value_heads: 1 };

  it.each([
    [{}, "1110"],
    [{ no_rope_layer_interval: 2 }, "1010"],
    [{ no_rope_layers: [0, 1, 1, 0, 1] }, "0110"],
  ])("of %j turns the layers %s", (own, expected) => {
    const blocks = modelFromConfig({ ...tiny, ...own }).stages.filter(({ attends }) => attends);
    const turned = blocks.map(({ kind }) => (kind.endsWith("without positions") ? 0 : 1));
    expect(turned.join("")).toBe(expected);
  });

  it("is refused where nothing is said of a layer", () => {
    expect(() => modelFromConfig({ ...tiny, no_rope_layers: [1, 0] })).toThrow(
      "no_rope_layers must have a 0 or 1 for each of 4 layers; got 2",
    );
    expect(() => modelFromConfig({ ...tiny, no_rope_layers: [1, 0, 2, 1] })).toThrow(UsageError);
  });

  it.each([
    [{}, 2_000_000],
    [{ rope_theta: 5 }, 5],
    [{ rope_parameters: { rope_type: "default", rope_theta: 7 } }, undefined],
  ])("of %j has the θ %s beside the parameters of its rotation", (own, expected) => {
    expect(modelFromConfig({ ...tiny, ...own }).config["rope_theta"]).toBe(expected);
  });
});
