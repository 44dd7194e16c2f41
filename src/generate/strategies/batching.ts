/** @file Many prompts in batches of similar lengths. */

import { UsageError } from "../../errors.ts";

export interface Batching {
  /** Sequences that are decoded together, 32 by default. */
  readonly batchSize?: number;
}

/** A prompt with its index among all. */
export interface Prompt {
  readonly sequence: number;
  readonly ids: Int32Array;
}

/**
 * What `run` makes of every prompt, in the order of the prompts.
 *
 * @param options - `each` sequences a prompt
 *
 * @throws {UsageError} if the size of batches is out of range.
 */
export async function inBatches<T>(
  prompts: readonly Int32Array[],
  options: Batching & { readonly each?: number },
  run: (batch: readonly Prompt[]) => Promise<readonly T[]>,
): Promise<T[]> {
  const { batchSize = 32, each = 1 } = options;
  if (!(Number.isInteger(batchSize) && batchSize >= 1)) {
    throw new UsageError(`generate: batchSize must be a whole number from 1; got ${batchSize}`);
  }
  const size = Math.max(1, Math.floor(batchSize / each));
  const byLength = prompts
    .map((ids, sequence) => ({ sequence, ids }))
    .toSorted((a, b) => a.ids.length - b.ids.length);
  const results: T[] = [];
  for (let start = 0; start < byLength.length; start += size) {
    const batch = byLength.slice(start, start + size);
    for (const [row, result] of (await run(batch)).entries()) {
      results[batch[row]?.sequence ?? 0] = result;
    }
  }
  return results;
}
