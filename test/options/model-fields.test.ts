/** Fields that would otherwise be dropped without a word, and leave a model of the default size. */

import { expect, it } from "vitest";
import { checkModelFields } from "../../src/options/model-fields.ts";

it.each([
  [{ n_layers: 2 }, 'model: the type "gpt2" has no field n_layers', "did you mean n_layer?"],
  [{ model_type: "llama", hiden_size: 32 }, '"llama" has no field hiden_size', "hidden_size?"],
  [{ model_type: "llama", n_embd: 32 }, '"llama" has no field n_embd', "its fields: hidden_size,"],
  [{ model_type: "bert", num_key_value_heads: 2 }, '"bert" has no field', "num_attention_heads"],
] as const)("refuses %j", (fields, message, hint) => {
  expect(() => checkModelFields(fields)).toThrow(
    expect.objectContaining({
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    }),
  );
});

it("says which values are wrong, all at once", () => {
  expect(() => checkModelFields({ n_embd: -1 })).toThrow("model.n_embd: must be above 0; got -1");
  expect(() => checkModelFields({ n_embd: "many", n_layer: 1.5, embd_pdrop: 2 })).toThrow(
    [
      "3 options are wrong",
      '  model.n_embd: must be a number; got "many"',
      "  model.n_layer: must be a whole number; got 1.5",
      "  model.embd_pdrop: must be below 1; got 2",
    ].join("\n"),
  );
});

it.each([
  { n_layer: 2, n_inner: 8 },
  { model_type: "llama", head_dim: 8, rope_theta: 500_000, eos_token_id: 2 },
  // As transformers writes them into config.json.
  { summary_type: "cls_index", use_cache: true, is_encoder_decoder: false, bos_token_id: 0 },
  { model_type: "gemma", hidden_activation: null },
])("takes %j", (fields) => {
  expect(() => checkModelFields(fields)).not.toThrow();
});
