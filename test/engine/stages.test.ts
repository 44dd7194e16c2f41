/** Programs of stages: shared by stages that compute the same. */

import { expect, it } from "vitest";
import { modelFromConfig } from "../../src/models/architectures/registry.ts";
import { chainOf } from "../../src/engine/stages.ts";
import { parseConfig } from "../../src/options/config.ts";
import { traineeOf } from "../../src/train/setup/method.ts";

const decoder = {
  model_type: "gemma2",
  vocab_size: 7,
  hidden_size: 8,
  intermediate_size: 6,
  num_hidden_layers: 5,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 4,
  sliding_window: 6,
};

/** Which programs each layer has, as letters, for sequences of a length. */
function programsOf(length: number, fields: object = {}): string {
  const model = modelFromConfig({ ...decoder, ...fields });
  const { plan } = traineeOf(model, parseConfig({ train: "unread.txt", rank: 2 }));
  const links = chainOf({ model, plan, recompute: "none", neftuneAlpha: 0 })(
    model.inputTypes(1, length),
  );
  const blocks = links.filter(({ stage }) => stage.attends);
  const keys = [...new Set(blocks.map(({ key }) => key))];
  for (const { key, made } of blocks) {
    expect(made).toBe(blocks.find((other) => other.key === key)?.made);
  }
  return blocks.map(({ key }) => "abc"[keys.indexOf(key)]).join("");
}

it.each([
  ["a window shorter than the sequences", 7, {}, "ababa"],
  ["a window as long as the sequences", 6, {}, "aaaaa"],
  ["no windows", 7, { sliding_window: null }, "aaaaa"],
])("layers with %s", (_, length, fields, expected) => {
  expect(programsOf(length, fields)).toBe(expected);
});
