/** Fields of config.json that are null: nobody has said what they are, as in transformers. */

import { describe, expect, it } from "vitest";
import { modelFromConfig } from "../../src/models/architectures/registry.ts";

const SMALL = {
  llama: {
    hidden_size: 64,
    intermediate_size: 172,
    num_hidden_layers: 5,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    vocab_size: 512,
  },
  gpt2: { n_embd: 8, n_head: 2, n_layer: 1, vocab_size: 10 },
  bert: { hidden_size: 8, num_attention_heads: 2, vocab_size: 10 },
  t5: { d_model: 8, num_heads: 2, vocab_size: 10 },
  gemma2: { hidden_size: 8, num_attention_heads: 2, num_key_value_heads: 1, vocab_size: 10 },
} as const;

describe("null in a field", () => {
  it.each<readonly [keyof typeof SMALL, string, unknown]>([
    ["llama", "architectures", ["LlamaForCausalLM"]],
    ["llama", "attention_bias", false],
    ["llama", "mlp_bias", false],
    ["llama", "rms_norm_eps", 1e-6],
    ["llama", "hidden_act", "silu"],
    ["llama", "tie_word_embeddings", false],
    ["llama", "attention_dropout", 0],
    ["llama", "max_position_embeddings", 2048],
    ["gpt2", "layer_norm_epsilon", 1e-5],
    ["gpt2", "resid_pdrop", 0.1],
    ["gpt2", "activation_function", "gelu_new"],
    ["bert", "layer_norm_eps", 1e-12],
    ["bert", "architectures", ["BertForMaskedLM"]],
    ["t5", "tie_word_embeddings", true],
    ["t5", "d_kv", 64],
  ])("of %s: %s is as if it were absent", (model_type, field, expected) => {
    const { config } = modelFromConfig({ model_type, ...SMALL[model_type], [field]: null });
    expect(config[field]).toEqual(expected);
    expect(config).toEqual(modelFromConfig({ model_type, ...SMALL[model_type] }).config);
  });

  it("means what it says where that is a choice", () => {
    const fields = { model_type: "gemma2", ...SMALL.gemma2, attn_logit_softcapping: null };
    expect(modelFromConfig(fields).config["attn_logit_softcapping"]).toBeNull();
  });

  it("is no model type", () => {
    expect(() => modelFromConfig({ model_type: null })).toThrow("got null");
  });
});
