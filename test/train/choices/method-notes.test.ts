/** What is said of an optimizer whose state outweighs what FLORA saves. */

import { expect, it } from "vitest";
import { gpt2 } from "../../../src/models/architectures/gpt2.ts";
import { parseConfig, type TrainOptions } from "../../../src/options/config.ts";
import { methodNotes } from "../../../src/train/choices/method-notes.ts";
import { settle } from "../../../src/train/choices/settle.ts";
import { traineeOf } from "../../../src/train/setup/method.ts";

/** 3.1 million numbers in matrices: 25 MB of moments. */
const model = gpt2({ n_embd: 512, n_layer: 1, n_head: 4, n_positions: 16, vocab_size: 32 });

const notesOf = (options: TrainOptions) => {
  const given = parseConfig({ train: "unread.txt", rank: 16, ...options });
  const config = settle(given, model);
  return methodNotes({ ...traineeOf(model, config), config });
};

it.each<TrainOptions>([
  { optimizer: "adafactor" },
  { optimizer: "adamw", compressMoments: true },
  { optimizer: "adamw", method: "lora" },
  { optimizer: "adamw", method: "dense" },
])("is nothing with %j", (options) => {
  expect(notesOf(options)).toEqual([]);
});

it("is what the subspaces would save", () => {
  expect(notesOf({ optimizer: "adamw" })).toEqual([
    "adamw keeps 25 MB of moments for the compressed weights; compressed moments would take 1 MB",
  ]);
});
