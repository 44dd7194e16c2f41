/** @file Small models to save, and what a directory holds of them. */

import { readText } from "../../src/host/content.ts";
import type { FileStore } from "../../src/host/host.ts";
import { nodeHost } from "../../src/host/node.ts";
import { join } from "../../src/host/path.ts";
import { float32, type HostTensor } from "../../src/tensor/host-tensor.ts";
import { loadWeights, readConfig } from "../../src/weights/directory.ts";
import type { ModelFiles } from "../../src/weights/save-model.ts";

export const vector = (value: number): HostTensor => float32([1], Float32Array.of(value));

export const model = (value: number, tokenizer = "tokenizer"): ModelFiles => ({
  config: { model_type: "test", value },
  generationConfig: { eos_token_id: 0 },
  weights: [["w", vector(value)]],
  files: new Map([["tokenizer.json", tokenizer]]),
});

/** A model of two tensors, which make two shards of at most four bytes. */
export const large = (value: number, tokenizer = "tokenizer"): ModelFiles => ({
  ...model(value, tokenizer),
  weights: [
    ["v", vector(10 * value)],
    ["w", vector(value)],
  ],
});

export const SHARDS = [
  "model-00001-of-00002.safetensors",
  "model-00002-of-00002.safetensors",
] as const;

/** What a directory holds: the numbers in its config and weights, the text of its tokenizer. */
export const load = (dir: string): Promise<unknown> => loadFrom(nodeHost().files, dir);

export async function loadFrom(store: FileStore, dir: string): Promise<unknown> {
  const { value } = await readConfig(store, dir);
  const shapes = new Map(["v", "w"].map((name) => [name, [1]]));
  const weights = await loadWeights(store, dir, shapes, { optional: ["v"] });
  const tokenizer = await readText(store, join(dir, "tokenizer.json"));
  const v = weights.get("v")?.data[0];
  return {
    config: value,
    weights: weights.get("w")?.data[0],
    ...(v !== undefined && { v }),
    tokenizer,
  };
}
