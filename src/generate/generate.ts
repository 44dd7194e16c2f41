/**
 * @file Continuations of prompts, token by token.
 *
 * The random number of a token depends on the seed, the sequence and the token's position alone, so
 * that batching does not change what is sampled.
 */

import { UsageError } from "../errors.ts";
import { foldIn, type Key, randomKey } from "../random/key.ts";
import { threefry2x32 } from "../random/threefry.ts";
import type { Decoder } from "./decoder.ts";
import { checkSamplingOptions, greedy, sample, type SamplingOptions } from "./sampling.ts";

export interface GenerateOptions extends SamplingOptions {
  /** The most tokens to make per sequence; a sequence also ends where the context is full. */
  readonly maxNewTokens: number;
  /** The token that ends a sequence and is not part of it. */
  readonly stopToken?: number;
  /** 0, the default, takes the most likely token and needs no other option. */
  readonly temperature?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

export interface CompleteOptions extends GenerateOptions {
  /** Sequences that are decoded together, 32 by default. */
  readonly batchSize?: number;
}

export interface GeneratedToken {
  /** The index of the prompt that it continues. */
  readonly sequence: number;
  readonly token: number;
}

interface Prompt {
  readonly sequence: number;
  readonly ids: Int32Array;
}

/**
 * Continues all prompts together, and yields each token when it is made.
 *
 * @throws {UsageError} if a prompt is empty or longer than the context, or an option out of range.
 * @throws the signal's reason, when it aborts.
 */
export async function* generate(
  decoder: Decoder,
  prompts: readonly Int32Array[],
  options: GenerateOptions,
): AsyncGenerator<GeneratedToken, void, undefined> {
  check(decoder, prompts, options);
  yield* continuations(
    decoder,
    prompts.map((ids, sequence) => ({ sequence, ids })),
    options,
  );
}

/**
 * The continuations of all prompts, in their order, decoded in batches of similar lengths.
 *
 * @throws {UsageError} if a prompt is empty or longer than the context, or an option out of range.
 * @throws the signal's reason, when it aborts.
 */
export async function complete(
  decoder: Decoder,
  prompts: readonly Int32Array[],
  options: CompleteOptions,
): Promise<Int32Array[]> {
  check(decoder, prompts, options);
  const { batchSize = 32 } = options;
  if (!(Number.isInteger(batchSize) && batchSize >= 1)) {
    throw new UsageError(`generate: batchSize must be a whole number from 1; got ${batchSize}`);
  }
  const byLength = prompts
    .map((ids, sequence) => ({ sequence, ids }))
    .toSorted((a, b) => a.ids.length - b.ids.length);
  const made = prompts.map((): number[] => []);
  for (let start = 0; start < byLength.length; start += batchSize) {
    const batch = byLength.slice(start, start + batchSize);
    for await (const { sequence, token } of continuations(decoder, batch, options)) {
      made[sequence]?.push(token);
    }
  }
  return made.map((tokens) => Int32Array.from(tokens));
}

async function* continuations(
  decoder: Decoder,
  prompts: readonly Prompt[],
  options: GenerateOptions,
): AsyncGenerator<GeneratedToken, void, undefined> {
  const { maxNewTokens, stopToken, signal } = options;
  const { vocabularySize, contextLength } = decoder;
  const choose = chooser(options);
  const decoding = decoder.open(prompts.length);
  const ends = prompts.map(({ ids }) => Math.min(ids.length + maxNewTokens, contextLength));
  let unread = prompts.map(({ ids }, row) => (ids.length < (ends[row] ?? 0) ? ids : NOTHING));

  while (unread.some((ids) => ids.length > 0)) {
    signal?.throwIfAborted();
    const logits = await decoding.append(unread);
    const next = unread.map(() => NOTHING);
    for (const [row, { sequence }] of prompts.entries()) {
      if (unread[row]?.length === 0) continue;
      const position = decoding.lengths[row] ?? 0;
      const rest = logits.subarray(row * vocabularySize, (row + 1) * vocabularySize);
      const token = choose(rest, sequence, position);
      if (token === stopToken) continue;
      yield { sequence, token };
      if (position + 1 < (ends[row] ?? 0)) next[row] = Int32Array.of(token);
    }
    unread = next;
  }
}

const NOTHING = new Int32Array();

/** How the token of a sequence at a position is chosen. */
function chooser(
  options: GenerateOptions,
): (logits: Float32Array, sequence: number, position: number) => number {
  const { temperature = 0, seed = 0 } = options;
  if (temperature === 0) return greedy;
  const key = foldIn(randomKey(seed), "generate");
  return (logits, sequence, position) => sample(logits, options, uniform(key, sequence, position));
}

/** A number from 0 to below 1. */
const uniform = (key: Key, sequence: number, position: number): number =>
  threefry2x32(key, sequence, position)[0] / 2 ** 32;

function check(
  { contextLength }: Decoder,
  prompts: readonly Int32Array[],
  { maxNewTokens, temperature = 0, ...sampling }: GenerateOptions,
): void {
  for (const [i, { length }] of prompts.entries()) {
    if (length === 0) throw new UsageError(`generate: prompt ${i} is empty`);
    if (length > contextLength) {
      throw new UsageError(
        `generate: prompt ${i} does not fit the context of ${contextLength} tokens; got ${length}`,
      );
    }
  }
  if (!(Number.isInteger(maxNewTokens) && maxNewTokens >= 1)) {
    throw new UsageError(
      `generate: maxNewTokens must be a whole number from 1; got ${maxNewTokens}`,
    );
  }
  checkSamplingOptions(temperature === 0 ? sampling : { ...sampling, temperature });
}
