/** @file A program for browsers, checked with the DOM library alone: no type of Node may stand in what this package declares. */

import * as engine from "flora-train/engine";
import { input } from "flora-train/graph";
import { type FileStore, memoryHost, readText, writeFileAtomic } from "flora-train/host";
import { gpt2 } from "flora-train/models";
import { compile } from "flora-train/onnx";
import { matmul } from "flora-train/ops";
import { adamw } from "flora-train/optim";
import { compressedShape } from "flora-train/compress";
import type { Runtime } from "flora-train/runtime";
import { wasmRuntime } from "flora-train/runtime/web";
import { float32 } from "flora-train/tensor";
import { loadWeights, saveModel } from "flora-train/weights";

// All other entry points, those of Node included, are declared without Node.
export type * as everything from "flora-train";
export type * as adapters from "flora-train/adapters";
export type * as autodiff from "flora-train/autodiff";
export type * as data from "flora-train/data";
export type * as evaluate from "flora-train/evaluate";
export type * as exported from "flora-train/export";
export type * as generate from "flora-train/generate";
export type * as nodeHost from "flora-train/host/node";
export type * as hub from "flora-train/hub";
export type * as images from "flora-train/images";
export type * as lab from "flora-train/lab";
export type * as nn from "flora-train/nn";
export type * as predict from "flora-train/predict";
export type * as random from "flora-train/random";
export type * as nodeRuntime from "flora-train/runtime/node";
export type * as text from "flora-train/text";
export type * as train from "flora-train/train";

const runtime: Runtime = wasmRuntime();
const model = gpt2({ n_layer: 1, n_head: 2, n_embd: 32, n_positions: 32, vocab_size: 64 });
const projection = { side: "rows", rank: 4, dimension: 32, family: "gaussian" } as const;

export const sizes: readonly number[] = compressedShape([32, 8], projection);
export const draws: engine.Draws = engine.createDraws(0);
export const rule: ReturnType<typeof adamw> = adamw({ weightDecay: 0.01 });

/** A product, run in the tab. */
export async function product(): Promise<ArrayLike<number | bigint>> {
  const [a, b] = [input("a", "float32", [2, 2]), input("b", "float32", [2, 2])];
  const program = await runtime.load(compile({ y: matmul(a, b) }));
  const y = runtime.allocate("float32", [2, 2]);
  const one = runtime.adopt(float32([2, 2], Float32Array.of(1, 0, 0, 1)));
  await program.run({ a: one, b: one }, { y });
  return y.read();
}

/** Weights in a store, which is in memory here. */
export async function stored(files: FileStore = memoryHost().files): Promise<number> {
  await files.makeDirectory("model");
  await writeFileAtomic(files, "model/note.txt", (file) => file.write("text"));
  const weights = [["w", float32([1], Float32Array.of(1))] as const];
  await saveModel(files, "model", { config: model.config, weights });
  const loaded = await loadWeights(files, "model", new Map([["w", [1]]]));
  return loaded.size + (await readText(files, "model/note.txt")).length;
}
