/** @file An adapter on disk folded into its base, and saved as an ordinary model. */

import { bufferOf } from "../../runtime/buffers.ts";
import { option } from "../../errors.ts";
import { foldAdapters } from "../../generate/fold-adapters.ts";
import { companionFiles, loadNetwork, type LoadModelOptions } from "../../generate/load-model.ts";
import type { FileStore } from "../../host/host.ts";
import { openRuntime } from "../../runtime/device.ts";
import { readTensor } from "../../runtime/runtime.ts";
import { readGenerationConfig, saveModel } from "../../weights/index.ts";
import { checkEmpty } from "./claim.ts";

export interface MergeAdapterOptions extends LoadModelOptions {
  /** A directory for the merged model. */
  readonly output: string;
}

/**
 * Merges an adapter into its base model.
 *
 * @returns how many weights had an adapter
 * @throws {UsageError} if the output is not empty, a file is missing, or the adapter is another model's.
 */
export async function mergeAdapter(
  store: FileStore,
  { output, ...options }: MergeAdapterOptions,
): Promise<number> {
  await checkEmpty(store, output, { hint: `give another ${option("output")}` });
  const runtime = await openRuntime();
  const { network, home } = await loadNetwork(store, runtime, options);
  const { base, adapters, weights } = network;
  const files = await companionFiles(store, home, { ...options, model: base });
  const generationConfig =
    (await readGenerationConfig(store, options.adapter ?? home)) ??
    (await readGenerationConfig(store, home));
  await foldAdapters(runtime, network);
  const names = [...base.params.keys()].filter((name) => weights.has(name));
  const tensors = await Promise.all(
    names.map(async (name) => [name, await readTensor(bufferOf(weights, name))] as const),
  );
  await saveModel(store, output, {
    config: base.config,
    ...(generationConfig && { generationConfig }),
    weights: tensors,
    files,
  });
  return adapters.length;
}
