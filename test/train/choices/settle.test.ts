/** What options leave open, by method, optimizer and model. */

import { expect, it } from "vitest";
import { parseConfig, type TrainOptions } from "../../../src/options/config.ts";
import { settle } from "../../../src/train/choices/settle.ts";

const settled = (options: TrainOptions, width = 768) =>
  settle(parseConfig({ train: "unread.txt", ...options }), { width });

it.each<[TrainOptions, number, number]>([
  [{ method: "flora" }, 768, 128],
  [{ method: "flora" }, 128, 32],
  [{ method: "relora" }, 256, 64],
  [{ method: "lora" }, 768, 8],
  [{ method: "lora" }, 16, 4],
  [{ method: "flora" }, 2, 1],
  [{ method: "flora", rank: 100 }, 64, 100],
])("%j has a rank that compresses in a model %i wide: %i", (options, width, rank) => {
  expect(settled(options, width).rank).toBe(rank);
});

it("rates are those of what is trained, unless they are given", () => {
  const adapters = settled({ method: "lora", optimizer: "adamw" }).learningRate;
  const tuning = settled({ model: "gpt2/", optimizer: "adamw" }).learningRate;
  const scratch = settled({ model: { n_embd: 8 }, optimizer: "adamw" }).learningRate;
  expect(tuning).toBeLessThan(adapters);
  expect(tuning).toBeLessThan(scratch);
  expect(settled({ learningRate: 3 }).learningRate).toBe(3);
  const config = parseConfig({ train: "unread.txt" });
  const own = { optimizer: { usualRate: 7 } };
  expect(settle(config, { width: 8 }, own).learningRate).toBe(7);
});
