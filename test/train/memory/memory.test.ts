/** Activations that are kept where nobody says which: none in a small step, and otherwise what takes little beside the rest. */

import { expect, it } from "vitest";
import { gpt2 } from "../../../src/models/architectures/gpt2.ts";
import { parseConfig, type TrainOptions } from "../../../src/options/config.ts";
import { settle } from "../../../src/train/choices/settle.ts";
import { IDLE_BYTES, predict, predictChosen } from "../../../src/train/memory/memory.ts";
import { traineeOf } from "../../../src/train/setup/method.ts";

function partsOf(width: number, [batch, length]: readonly [number, number], own: TrainOptions) {
  const fields = { n_layer: 2, n_head: 4, n_positions: 1024, vocab_size: 300 };
  const model = gpt2({ ...fields, n_embd: width });
  const config = settle(parseConfig({ train: "unread.txt", rank: 8, ...own }), model);
  const trainee = traineeOf(model, config);
  const shapes = [model.inputTypes(batch, length)];
  return { config, trainee, shapes, baseBytes: IDLE_BYTES };
}

it.each<[string, number, readonly [number, number], TrainOptions, string]>([
  ["a small step", 64, [4, 32], {}, "all"],
  ["a step of few rows", 1024, [1, 64], {}, "none"],
  ["more rows", 1024, [4, 256], {}, "cheap"],
  ["many rows", 512, [32, 512], {}, "all"],
  ["the same beside adapters", 512, [16, 512], { method: "lora" }, "cheap"],
  ["what is said", 1024, [1, 64], { recompute: "all" }, "all"],
])("%s", async (_, width, shape, own, expected) => {
  const parts = partsOf(width, shape, own);
  const { recompute, table } = await predictChosen(parts);
  expect(recompute).toBe(expected);
  const { table: same } = await predict({ ...parts, config: { ...parts.config, recompute } });
  expect(table).toEqual(same);
});
