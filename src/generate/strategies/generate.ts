/**
 * @file Continuations of prompts, or the answers of encoder-decoder models to them, token by token.
 *
 * The random number of a token depends on the seed, the sequence and the token's position alone, so
 * that batching does not change what is sampled.
 */

import { foldIn, type Key, randomKey } from "../../random/key.ts";
import { threefry2x32 } from "../../random/threefry.ts";
import { type Batching, inBatches, type Prompt } from "./batching.ts";
import type { Decoder } from "../programs/decoder.ts";
import { checkLengths, endsOf, type LengthLimits } from "./lengths.ts";
import { checkSamplingOptions, greedy, sample, type SamplingOptions } from "./sampling.ts";
import { applyScoreRules, checkScoreRules, type ScoreRules } from "./score-rules.ts";

export interface GenerateOptions extends LengthLimits, SamplingOptions, ScoreRules {
  /** 0, the default, takes the most likely token and needs no other option. */
  readonly temperature?: number;
  readonly seed?: number;
  /** The index of the first prompt among all that share a seed; 0 by default. */
  readonly firstSequence?: number;
  /**
   * Whether a token is the last of its sequence, though not a stop token; asked once for each, in
   * order, before it is yielded.
   */
  readonly isLast?: (made: GeneratedToken) => boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface CompleteOptions extends GenerateOptions, Batching {}

/** One token of one continuation. */
export interface GeneratedToken {
  /** The index of the prompt that it continues. */
  readonly sequence: number;
  readonly token: number;
}

/**
 * Continues all prompts together, and yields each token when it is made.
 *
 * @throws {UsageError} if a prompt is empty or too long, or an option out of range.
 * @throws the signal's reason, when it aborts.
 */
export async function* generate(
  decoder: Decoder,
  prompts: readonly Int32Array[],
  options: GenerateOptions = {},
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
 * @throws {UsageError} if a prompt is empty or too long, or an option out of range.
 * @throws the signal's reason, when it aborts.
 */
export async function complete(
  decoder: Decoder,
  prompts: readonly Int32Array[],
  options: CompleteOptions = {},
): Promise<Int32Array[]> {
  check(decoder, prompts, options);
  return inBatches(prompts, options, async (batch) => {
    const made = new Map(batch.map(({ sequence }): [number, number[]] => [sequence, []]));
    for await (const { sequence, token } of continuations(decoder, batch, options)) {
      made.get(sequence)?.push(token);
    }
    return [...made.values()].map((tokens) => Int32Array.from(tokens));
  });
}

async function* continuations(
  decoder: Decoder,
  prompts: readonly Prompt[],
  options: GenerateOptions,
): AsyncGenerator<GeneratedToken, void, undefined> {
  const { stopTokens = [], isLast, signal } = options;
  const { vocabularySize } = decoder;
  if (prompts.length === 0) return;
  signal?.throwIfAborted();
  const choose = chooser(options);
  const decoding = await decoder.open(prompts.map(({ ids }) => ids));
  try {
    const { first } = decoding;
    const ends = endsOf(first, decoder, options);
    const sequences = first.map((ids) => Array.from(ids));
    let unread = first.map((ids, row) => (ids.length < (ends[row] ?? 0) ? ids : NOTHING));

    while (unread.some((ids) => ids.length > 0)) {
      signal?.throwIfAborted();
      const logits = await decoding.append(unread);
      const next = unread.map(() => NOTHING);
      for (const [row, { sequence }] of prompts.entries()) {
        if (unread[row]?.length === 0) continue;
        const tokens = sequences[row] ?? [];
        const made = tokens.length - (first[row]?.length ?? 0);
        const own = logits.subarray(row * vocabularySize, (row + 1) * vocabularySize);
        const scores = applyScoreRules(own, { tokens, made }, options);
        const token = choose(scores, sequence, tokens.length);
        if (stopTokens.includes(token)) continue;
        tokens.push(token);
        const ended = isLast?.({ sequence, token }) ?? false;
        yield { sequence, token };
        if (!ended && tokens.length < (ends[row] ?? 0)) next[row] = Int32Array.of(token);
      }
      unread = next;
    }
  } finally {
    decoding.release();
  }
}

const NOTHING = new Int32Array();

/** How the token of a sequence at a position is chosen. */
function chooser(
  options: GenerateOptions,
): (scores: Float32Array, sequence: number, position: number) => number {
  const { temperature = 0, seed = 0, firstSequence = 0 } = options;
  if (temperature === 0) return greedy;
  const key = foldIn(randomKey(seed), "generate");
  return (scores, sequence, position) =>
    sample(scores, options, uniform(key, firstSequence + sequence, position));
}

/** A number from 0 to below 1. */
const uniform = (key: Key, sequence: number, position: number): number =>
  threefry2x32(key, sequence, position)[0] / 2 ** 32;

function check(
  { contextLength }: Decoder,
  prompts: readonly Int32Array[],
  options: GenerateOptions,
): void {
  const { temperature = 0, ...others } = options;
  checkLengths(prompts, contextLength, options);
  checkScoreRules(options);
  checkSamplingOptions(temperature === 0 ? others : options);
}
