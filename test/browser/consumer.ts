/** @file A program for browsers, checked with the DOM library alone: no type of Node may stand in what this package declares. */

import { browserHost, train } from "flora-train";
import * as engine from "flora-train/engine";
import { compile, float32, input, matmul } from "flora-train/graph";
import { type FileStore, memoryHost, readText, writeFileAtomic } from "flora-train/host";
import { gpt2 } from "flora-train/models";
import { wasmRuntime } from "flora-train/runtime/web";
import { loadWeights, saveModel } from "flora-train/weights";

// All other entry points, those of Node included, are declared without Node.
export type * as everything from "flora-train";
export type * as data from "flora-train/data";
export type * as generate from "flora-train/generate";
export type * as nodeHost from "flora-train/host/node";
export type * as lab from "flora-train/lab";
export type * as nodeRuntime from "flora-train/runtime/node";
export type * as text from "flora-train/text";
export type * as train from "flora-train/train";

const runtime: engine.Runtime = wasmRuntime();
const model = gpt2({ n_layer: 1, n_head: 2, n_embd: 32, n_positions: 32, vocab_size: 64 });
const projection = { side: "rows", rank: 4, dimension: 32, family: "gaussian" } as const;

export const sizes: readonly number[] = engine.compressedShape([32, 8], projection);
export const plan: engine.Plan = engine.planParameters(model, {
  compressor: engine.flora({ rank: 4 }),
  optimizer: engine.namedOptimizer("adamw"),
});
export const rule: ReturnType<typeof engine.adamw> = engine.adamw({ weightDecay: 0.01 });

/** A run in a worker of the tab, in its own files. */
export async function trained(): Promise<string> {
  const run = train({ data: [{ text: "text" }], steps: 1, output: "runs/mine" });
  for await (const event of run) if (event.type === "step") run.model();
  const { files } = browserHost();
  return readText(files, "runs/mine/config.json");
}

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
