/**
 * @file Choosing a token by its logits z.
 *
 *   p_i ∝ e^(z_i / temperature)
 *   top-k: the k largest logits           Fan et al., 2018, arXiv:1805.04833
 *   top-p: the fewest of the largest whose probabilities, after top-k, sum to p at least
 *                                         Holtzman et al., 2020, arXiv:1904.09751
 *
 * Temperature, top-k and top-p apply in this order, as in Hugging Face's `generate`. Of equal
 * logits the first count as larger.
 */

import { UsageError } from "../../errors.ts";

/** Of which tokens one is drawn, and how. */
export interface SamplingOptions {
  /** Above 0; 1 by default. */
  readonly temperature?: number;
  /** Tokens to keep; all by default. */
  readonly topK?: number;
  /** Probability to keep, above 0 and at most 1; all by default. */
  readonly topP?: number;
}

/** The token of the largest logit. @throws {UsageError} if one is NaN, or all are -Infinity. */
export function greedy(logits: Float32Array): number {
  let best = -1;
  let most = -Infinity;
  // A loop over indices takes a fifth of the time of `forEach` or `entries`.
  for (let token = 0; token < logits.length; token++) {
    const logit = logits[token] ?? 0;
    if (Number.isNaN(logit)) throw notFinite();
    if (logit > most) {
      best = token;
      most = logit;
    }
  }
  if (best < 0) throw notFinite();
  return best;
}

/** log p at temperature 1, [V]. */
export function logProbabilities(logits: Float32Array): Float32Array {
  const count = logits.length;
  let most = -Infinity;
  for (let i = 0; i < count; i++) most = Math.max(most, logits[i] ?? 0);
  let sum = 0;
  for (let i = 0; i < count; i++) sum += Math.exp((logits[i] ?? 0) - most);
  const shift = most + Math.log(sum);
  const logs = new Float32Array(count);
  for (let i = 0; i < count; i++) logs[i] = (logits[i] ?? 0) - shift;
  return logs;
}

/**
 * The token at which the cumulative probability, in the order of tokens, exceeds `uniform`.
 *
 * @param uniform - a random number, from 0 to below 1
 * @throws {UsageError} if an option is out of range, or a logit is NaN or Infinity.
 */
export function sample(logits: Float32Array, options: SamplingOptions, uniform: number): number {
  checkSamplingOptions(options);
  const { temperature = 1 } = options;
  const most = logits[greedy(logits)] ?? 0;
  const weigh = (logit: number) => Math.exp((logit - most) / temperature);

  const { threshold, ties } = keep(logits, weigh, options);
  const tokens: number[] = [];
  const sums: number[] = [];
  let total = 0;
  let equal = 0;
  for (const [token, logit] of logits.entries()) {
    if (logit < threshold || (logit === threshold && ++equal > ties)) continue;
    total += weigh(logit);
    tokens.push(token);
    sums.push(total);
  }
  if (!Number.isFinite(total)) throw notFinite();
  // Only `uniform` = 1 has no sum above; -1 is the last token.
  return tokens.at(sums.findIndex((sum) => sum > uniform * total)) ?? 0;
}

/** @throws {UsageError} if an option is out of range. */
export function checkSamplingOptions(options: SamplingOptions): void {
  const { temperature = 1, topK = 1, topP = 1 } = options;
  if (!(temperature > 0 && temperature < Infinity)) {
    throw new UsageError(`sampling: temperature must be above 0; got ${temperature}`);
  }
  if (!(Number.isInteger(topK) && topK >= 1)) {
    throw new UsageError(`sampling: topK must be a whole number from 1; got ${topK}`);
  }
  if (!(topP > 0 && topP <= 1)) {
    throw new UsageError(`sampling: topP must be above 0 and at most 1; got ${topP}`);
  }
}

/** The smallest logit that is kept, and how many that are equal to it. */
function keep(
  logits: Float32Array,
  weigh: (logit: number) => number,
  { topK = logits.length, topP = 1 }: SamplingOptions,
): { readonly threshold: number; readonly ties: number } {
  if (topK >= logits.length && topP === 1) return { threshold: -Infinity, ties: Infinity };
  const descending = largest(logits, topK);
  const count = topP === 1 ? descending.length : nucleus(descending, weigh, topP);
  const threshold = descending[count - 1] ?? -Infinity;
  return { threshold, ties: count - descending.indexOf(threshold) };
}

/** How many of the largest logits hold `topP` of the weight. */
function nucleus(descending: Float32Array, weigh: (logit: number) => number, topP: number): number {
  const enough = topP * descending.reduce((sum, logit) => sum + weigh(logit), 0);
  let sum = 0;
  const last = descending.findIndex((logit) => (sum += weigh(logit)) >= enough);
  return last < 0 ? descending.length : last + 1;
}

/** The `count` largest numbers, largest first: Hoare, "Algorithm 65: Find", CACM 4, 1961. */
function largest(numbers: Float32Array, count: number): Float32Array {
  const a = numbers.slice();
  let left = 0;
  let right = count < a.length ? a.length - 1 : 0;
  while (left < right) {
    const pivot = a[(left + right) >>> 1] ?? 0;
    let i = left;
    let j = right;
    while (i <= j) {
      while ((a[i] ?? pivot) > pivot) i++;
      while ((a[j] ?? pivot) < pivot) j--;
      if (i > j) break;
      [a[i], a[j]] = [a[j] ?? 0, a[i] ?? 0];
      i++;
      j--;
    }
    if (count - 1 <= j) right = j;
    else if (count - 1 >= i) left = i;
    else break;
  }
  return a.subarray(0, count).toSorted().toReversed();
}

const notFinite = () => new UsageError("sampling: logits are not finite");
