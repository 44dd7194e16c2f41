/** Models by the `model_type` of their config.json. */

import { expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { modelFromConfig, modelFromScratch } from "../../../src/models/architectures/registry.ts";

it("builds the model of the named type, GPT-2 where none is named", () => {
  expect(modelFromConfig({ model_type: "gpt2", n_layer: 1 }).stages).toHaveLength(3);
  expect(modelFromConfig({ n_layer: 2 }).type).toBe("gpt2");
});

it("drops nothing from scratch, unless asked to", () => {
  const rates = { embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0 };
  expect(modelFromConfig({}).config).toMatchObject({ embd_pdrop: 0.1, attn_pdrop: 0.1 });
  expect(modelFromScratch({}).config).toMatchObject(rates);
  expect(modelFromScratch({ attn_pdrop: 0.2 }).config).toMatchObject({ ...rates, attn_pdrop: 0.2 });
});

it.each(["lama", 7, null, "toString"])("refuses the type %j", (type) => {
  expect(() => modelFromConfig({ model_type: type })).toThrow(UsageError);
});

it("says which types there are", () => {
  expect(() => modelFromConfig({ model_type: "rnn" })).toThrow(
    /^model: supported types are [a-z0-9_, ]*gpt2, [a-z0-9_, ]*t5[a-z0-9_, ]*; got "rnn"$/,
  );
});
