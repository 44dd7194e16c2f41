/** Vocabularies that grow: which parameters have rows of tokens, and what is in the new ones. */

import { describe, expect, it } from "vitest";
import { modelFromConfig } from "../../src/models/architectures/registry.ts";
import { float32 } from "../../src/tensor/host-tensor.ts";
import { grownModel, vocabularyParams, withNewRows } from "../../src/adapters/grow.ts";

const llama = {
  model_type: "llama",
  vocab_size: 20,
  hidden_size: 8,
  intermediate_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
};

describe("the parameters of a vocabulary", () => {
  it.each([
    ["tied heads", { ...llama, tie_word_embeddings: true }, ["model.embed_tokens.weight"]],
    [
      "heads of their own",
      { ...llama, tie_word_embeddings: false },
      ["model.embed_tokens.weight", "lm_head.weight"],
    ],
    [
      "GPT-2",
      { model_type: "gpt2", vocab_size: 20, n_embd: 8, n_layer: 1, n_head: 2 },
      ["wte.weight"],
    ],
    [
      "T5",
      {
        model_type: "t5",
        vocab_size: 20,
        d_model: 8,
        d_kv: 4,
        d_ff: 16,
        num_layers: 1,
        num_heads: 2,
      },
      ["shared.weight"],
    ],
  ])("with %s", (_, config, names) => {
    const model = modelFromConfig(config);
    expect([...vocabularyParams(model)]).toEqual(names);
    const larger = grownModel(model, 22);
    expect(names.map((name) => larger.params.get(name)?.shape[0])).toEqual(names.map(() => 22));
    expect(grownModel(model, 20)).toBe(model);
  });
});

it("new rows are the mean of those before", () => {
  const table = float32([3, 2], Float32Array.of(1, 2, 3, 4, 5, 9));
  const rows = withNewRows(table, [5, 2], { start: 3, end: 5 });
  expect(rows.shape).toEqual([5, 2]);
  expect([...rows.data]).toEqual([1, 2, 3, 4, 5, 9, 3, 5, 3, 5]);
});

it("rows that a vocabulary had to spare are new too, and those behind them stay", () => {
  const table = float32([4, 1], Float32Array.of(1, 3, 100, 7));
  const rows = withNewRows(table, [4, 1], { start: 2, end: 3 });
  expect([...rows.data]).toEqual([1, 3, 2, 7]);
});
