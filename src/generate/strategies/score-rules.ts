/**
 * @file Rules that change the scores of the next token by the tokens before it.
 *
 *   repetition penalty θ  z_i ← z_i / θ where z_i ≥ 0, else θ z_i, for every token i so far
 *                                         Keskar et al., 2019, arXiv:1909.05858, section 4.1
 *   n-grams once          z_i ← -∞ where i would repeat n tokens in a row
 *                                         Paulus et al., 2018, arXiv:1705.04304, section 2.5
 *   least new tokens      z_i ← -∞ for stop tokens before
 *
 * In this order, as in Hugging Face's `generate`: the first keeps the sign of logits in mind, which
 * the paper does not. Prompts count as tokens so far, unless an encoder has read them.
 */

import { UsageError } from "../../errors.ts";

/** How scores of tokens change by what was said before, as in transformers. */
export interface ScoreRules {
  /** θ, above 0; 1, the default, changes nothing, and more makes repetitions rarer. */
  readonly repetitionPenalty?: number;
  /** n, at which no n tokens follow each other twice; 0, the default, allows all. */
  readonly noRepeatNgramSize?: number;
  /** Tokens to make before a stop token may come; 0 by default. */
  readonly minNewTokens?: number;
  /** Tokens that end a sequence and are not part of it. */
  readonly stopTokens?: readonly number[];
}

/** What the next token follows. */
export interface History {
  readonly tokens: readonly number[];
  /** How many of them were made, not given. */
  readonly made: number;
}

/** The scores by the rules, [V]; `scores` itself, where none applies. */
export function applyScoreRules(
  scores: Float32Array,
  { tokens, made }: History,
  { repetitionPenalty = 1, noRepeatNgramSize = 0, minNewTokens = 0, stopTokens = [] }: ScoreRules,
): Float32Array {
  const banned = [
    ...(noRepeatNgramSize > 0 ? continuations(tokens, noRepeatNgramSize) : []),
    ...(made < minNewTokens ? stopTokens : []),
  ];
  if (repetitionPenalty === 1 && banned.length === 0) return scores;
  const changed = scores.slice();
  if (repetitionPenalty !== 1) {
    for (const token of new Set(tokens)) {
      const score = scores[token] ?? 0;
      changed[token] = score < 0 ? score * repetitionPenalty : score / repetitionPenalty;
    }
  }
  for (const token of banned) changed[token] = -Infinity;
  return changed;
}

/** @throws {UsageError} if a rule is out of range. */
export function checkScoreRules({
  repetitionPenalty = 1,
  noRepeatNgramSize = 0,
  minNewTokens = 0,
}: ScoreRules): void {
  if (!(repetitionPenalty > 0 && repetitionPenalty < Infinity)) {
    throw new UsageError(`generate: repetitionPenalty must be above 0; got ${repetitionPenalty}`);
  }
  for (const [name, value] of Object.entries({ noRepeatNgramSize, minNewTokens })) {
    if (Number.isSafeInteger(value) && value >= 0) continue;
    throw new UsageError(`generate: ${name} must be a whole number from 0; got ${value}`);
  }
}

/** The tokens that have followed the last n - 1 tokens before. */
function continuations(tokens: readonly number[], size: number): number[] {
  const prefix = tokens.slice(tokens.length - size + 1);
  const isPrefix = (start: number) => prefix.every((token, i) => tokens[start + i] === token);
  return tokens.slice(size - 1).filter((_, start) => isPrefix(start));
}
