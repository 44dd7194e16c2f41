/** @file Adapters of a model that is ready to run, folded into its weights. */

import { mergeInto } from "../adapters/merge.ts";
import { bufferOf } from "../runtime/buffers.ts";
import { createProgramCache } from "../runtime/programs.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { LoadedNetwork } from "./load-model.ts";

/** Each adapted weight becomes W + s B A, in its place. */
export async function foldAdapters(
  runtime: Runtime,
  { base, adapters, weights }: LoadedNetwork,
): Promise<void> {
  const programs = createProgramCache(runtime);
  for (const adapter of adapters) {
    const weight = bufferOf(weights, adapter.weight);
    await mergeInto({ base, programs, state: { weights } }, adapter, 1, weight);
  }
  await programs.release();
}
