/**
 * @file Batches of examples that are read as they are needed. Passes over the data follow one another without end, and are cut into blocks:
 *
 *   block b    the examples b n ... (b + 1) n - 1, shuffled and put into batches of similar lengths by the key of b; ⌈n / batch size⌉
 *              batches are taken of it
 *
 * A position says the block, so that a run that goes on needs nothing else: it passes over the examples before its block, which are read
 * and not encoded. Where examples are left out, some of the block come twice; where they become several sequences, some are left out.
 */

import { UsageError } from "../../errors.ts";
import { foldIn, type Key } from "../../random/key.ts";
import { type Epochs, locate } from "./epochs.ts";

/** Where examples come from, and how they are put into batches. */
export interface BlockOptions<E, T> {
  /** n, the examples of a block. */
  readonly size: number;
  readonly batchSize: number;
  readonly key: Key;
  /** One pass over all examples; of each the same. @throws what reading throws. */
  readonly pass: () => AsyncIterable<E>;
  /** The batches of a block, in an order of the key. */
  readonly batches: (block: readonly E[], key: Key) => Pick<Epochs<T>, "at">;
}

/** What batches are made of, by position; one block is in memory at a time. */
export interface Blocks<T> {
  /** The examples of the batch at a position from 0 on. */
  at(position: number): Promise<readonly T[]>;
  /** Closes what is open. */
  release(): Promise<void>;
}

/** The batches of blocks. */
export function blockBatches<E, T>({
  size,
  batchSize,
  key,
  pass,
  batches,
}: BlockOptions<E, T>): Blocks<T> {
  const batchesPerBlock = Math.ceil(size / batchSize);
  let reader = endless(pass);
  /** The block that the reader stands before. */
  let next = 0;
  let last: { readonly block: number; readonly epochs: Pick<Epochs<T>, "at"> } | undefined;

  async function release(): Promise<void> {
    await reader.return();
    reader = endless(pass);
    next = 0;
  }

  async function read(block: number): Promise<Pick<Epochs<T>, "at">> {
    if (block < next) await release();
    for (; next < block; next += 1) {
      for (let i = 0; i < size; i += 1) await reader.next();
    }
    const examples: E[] = [];
    while (examples.length < size) {
      const { value } = await reader.next();
      if (value !== undefined) examples.push(value);
    }
    next = block + 1;
    return batches(examples, foldIn(key, block));
  }

  return {
    release,
    async at(position) {
      const [block, index] = locate(position, batchesPerBlock);
      if (last?.block !== block) {
        // One of them is in memory at a time.
        last = undefined;
        last = { block, epochs: await read(block) };
      }
      return last.epochs.at(index);
    },
  };
}

/** One pass after another. @throws {UsageError} if there is nothing in one. */
export async function* endless<E>(
  pass: () => AsyncIterable<E>,
): AsyncGenerator<E, void, undefined> {
  for (;;) {
    let isEmpty = true;
    for await (const example of pass()) {
      isEmpty = false;
      yield example;
    }
    if (isEmpty)
      throw new UsageError("data: there is nothing to learn from beside what is held out");
  }
}
