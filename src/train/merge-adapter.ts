/** @file An adapter on disk folded into its base, and saved as an ordinary model. */

import { adaptedSizes, adapterNames } from "../adapters/index.ts";
import { loadModel, type LoadModelOptions } from "../generate/load-model.ts";
import { cpuRuntime } from "../runtime/node.ts";
import { readTensor } from "../runtime/runtime.ts";
import { saveModel } from "../weights/index.ts";
import { buildMerge } from "./merge.ts";
import { bufferOf } from "./state.ts";

export interface MergeAdapterOptions extends LoadModelOptions {
  /** A directory for the merged model. */
  readonly output: string;
}

/**
 * Merges an adapter into its base model.
 *
 * @returns how many weights had an adapter
 * @throws {UsageError} if a file is missing, or the adapter is another model's.
 */
export async function mergeAdapter({ output, ...options }: MergeAdapterOptions): Promise<number> {
  const runtime = cpuRuntime();
  const { base, adapters, weights, tokenizer } = await loadModel(runtime, options);
  for (const adapter of adapters) {
    const w = bufferOf(weights, adapter.weight);
    const names = adapterNames(adapter.weight);
    const { inputAxis } = adaptedSizes(base, adapter);
    const executable = await runtime.load(
      buildMerge(w.shape, adapter, { inputAxis, fraction: 1 }),
      { arena: false },
    );
    const feeds = { W: w, A: bufferOf(weights, names.a), B: bufferOf(weights, names.b) };
    await executable.run(feeds, { "W'": w });
    await executable.release();
  }
  const tensors = await Promise.all(
    [...base.params.keys()].map(
      async (name) => [name, await readTensor(bufferOf(weights, name))] as const,
    ),
  );
  await saveModel(output, { config: base.config, weights: tensors, files: tokenizer.files });
  return adapters.length;
}
