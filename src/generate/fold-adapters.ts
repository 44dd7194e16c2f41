/** @file Adapters of a model that is ready to run, folded into its weights. */

import { mergeInto } from "../adapters/merge.ts";
import { type Adapter, moduleOf, weightBeneath } from "../adapters/adapter.ts";
import { UsageError } from "../errors.ts";
import { type Model, tiedHead } from "../models/model.ts";
import { bufferOf } from "../runtime/buffers.ts";
import { createProgramCache } from "../runtime/programs.ts";
import type { Buffer, Runtime } from "../runtime/runtime.ts";

/** A model and its weights, those of its adapters among them. */
export interface Foldable {
  readonly base: Model;
  readonly adapters: readonly Adapter[];
  readonly weights: ReadonlyMap<string, Buffer>;
}

/**
 * Each adapted weight becomes W + s B A, in its place.
 *
 * @throws {UsageError} if a table is the head too, and one of both has an adapter that the other has not.
 */
export async function foldAdapters(
  runtime: Runtime,
  { base, adapters, weights }: Foldable,
): Promise<void> {
  const tied = adapters.find((adapter) => weightBeneath(base, adapter) === tiedHead(base));
  if (tied) {
    const other = tied.isEmbedding ? "the output embedding" : "the table of tokens";
    throw new UsageError(
      `adapter: ${moduleOf(tied.weight)} is also ${other}, which it leaves alone: one table cannot be both`,
      { hint: "use the adapter beside its base, with --adapter" },
    );
  }
  const programs = createProgramCache(runtime);
  for (const adapter of adapters) {
    const weight = bufferOf(weights, adapter.weight);
    await mergeInto({ base, programs, state: { weights } }, adapter, 1, weight);
  }
  await programs.release();
}
