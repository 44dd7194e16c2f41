/**
 * @file One step of a beam search: from the k likeliest sequences y so far to the next ones.
 *
 *   log P(y | x) = Σ_t log p(y_t | x, y_<t)
 *   score(y) = log P(y | x) / |y|^α        of a hypothesis, an ended y; |y| counts its stop token
 *
 * Wu et al., 2016, arXiv:1609.08144, section 7, divide by ((5 + |y|) / 6)^α. The plain power, and the
 * rules below, are those of Hugging Face's `generate`:
 *
 *   - Candidates are the likeliest continuations of all beams by one token: (1 + s) k where s tokens
 *     stop a sequence, and 2 k at least. Those among the first k that end are hypotheses, of which
 *     the k best are kept. The likeliest k of those that go on are the next beams.
 *   - A search is over when nothing goes on, or there are k hypotheses and the best beam cannot
 *     surpass the worst of them: its score is that of ending here or, with "never" and α > 0, of
 *     reaching the greatest length at no cost. With `earlyStopping` k hypotheses are enough.
 *   - Score rules apply to log p, where greedy decoding applies them to logits.
 */

import { UsageError } from "../../errors.ts";
import { logProbabilities } from "./sampling.ts";
import { applyScoreRules, type ScoreRules } from "./score-rules.ts";

export interface BeamStepOptions extends ScoreRules {
  /** k */
  readonly beams: number;
  /** α; 1 by default. Above 0 long sequences gain, below 0 short ones. */
  readonly lengthPenalty?: number;
  /** When a search with k hypotheses is over; false by default. */
  readonly earlyStopping?: boolean | "never";
  /** Whether a sequence ends with the last of these new tokens, though that is no stop token. */
  readonly isLast?: (tokens: readonly number[]) => boolean;
}

/** A sequence that has ended. */
export interface Hypothesis {
  /** What is new, without the stop token. */
  readonly tokens: Int32Array;
  readonly score: number;
}

/** A sequence that goes on. */
export interface Beam {
  /** With its prompt. */
  readonly tokens: readonly number[];
  readonly logProbability: number;
  /** Its row in the batch; after a step, that of the beam that it continues. */
  readonly row: number;
}

/** The search for one prompt. */
export interface Search {
  /** Tokens of the prompt. */
  readonly given: number;
  /** The most tokens of a sequence. */
  readonly end: number;
  /** Likeliest first; none when the search is over. */
  readonly beams: readonly Beam[];
  /** Best first. */
  readonly hypotheses: readonly Hypothesis[];
}

/**
 * The search after one more token.
 *
 * @param logitsOf - [V], by the row of a beam
 * @throws {UsageError} if no token has a probability.
 */
export function stepBeams(
  search: Search,
  logitsOf: (row: number) => Float32Array,
  options: BeamStepOptions,
): Search {
  const { given, end } = search;
  const { beams: k, lengthPenalty = 1, earlyStopping = false } = options;
  if (search.beams.length === 0) return search;
  const candidates = likeliest(search, logitsOf, options).map((beam) => ({
    beam,
    ...endOf(beam, search, options),
  }));
  const made = (candidates[0]?.beam.tokens.length ?? 0) - given;
  const hypotheses = candidates
    .slice(0, k)
    .filter(({ isEnd }) => isEnd)
    .map(({ beam, length }) => ({
      tokens: Int32Array.from(beam.tokens.slice(given, length)),
      score: beam.logProbability / made ** lengthPenalty,
    }));
  const best = [...search.hypotheses, ...hypotheses]
    .toSorted((a, b) => b.score - a.score)
    .slice(0, k);
  const beams = candidates
    .filter(({ isEnd }) => !isEnd)
    .slice(0, k)
    .map(({ beam }) => beam);

  const reach = earlyStopping === "never" && lengthPenalty > 0 ? end - given : made;
  const hope = (beams[0]?.logProbability ?? -Infinity) / reach ** lengthPenalty;
  const isOver = best.length === k && (earlyStopping === true || hope <= (best.at(-1)?.score ?? 0));
  return { ...search, beams: isOver ? [] : beams, hypotheses: best };
}

/** Whether a sequence ends, and how many of its tokens count. */
function endOf(
  { tokens }: Beam,
  { given, end }: Search,
  { stopTokens = [], isLast }: BeamStepOptions,
): { readonly isEnd: boolean; readonly length: number } {
  if (stopTokens.includes(tokens.at(-1) ?? -1)) return { isEnd: true, length: tokens.length - 1 };
  const isEnd = tokens.length >= end || (isLast?.(tokens.slice(given)) ?? false);
  return { isEnd, length: tokens.length };
}

interface Candidate {
  readonly beam: Beam;
  readonly token: number;
  readonly logProbability: number;
}

/** The likeliest continuations of all beams by one token, likeliest first. */
function likeliest(
  { beams, given }: Search,
  logitsOf: (row: number) => Float32Array,
  options: BeamStepOptions,
): readonly Beam[] {
  const count = Math.max(2, 1 + (options.stopTokens?.length ?? 0)) * options.beams;
  const found: Candidate[] = [];
  for (const beam of beams) {
    const { tokens, row } = beam;
    const history = { tokens, made: tokens.length - given };
    const scores = applyScoreRules(logProbabilities(logitsOf(row)), history, options);
    let least = found.length < count ? -Infinity : (found.at(-1)?.logProbability ?? 0);
    for (let token = 0; token < scores.length; token++) {
      const logProbability = beam.logProbability + (scores[token] ?? 0);
      if (!(logProbability > least)) continue;
      insert(found, { beam, token, logProbability });
      if (found.length > count) found.pop();
      if (found.length === count) least = found.at(-1)?.logProbability ?? 0;
    }
  }
  if (found.length === 0) throw new UsageError("beam search: no token has a probability");
  return found.map(({ beam, token, logProbability }) => ({
    tokens: [...beam.tokens, token],
    logProbability,
    row: beam.row,
  }));
}

/** Keeps the likeliest first. */
function insert(candidates: Candidate[], candidate: Candidate): void {
  const { logProbability } = candidate;
  const place = candidates.findIndex((other) => other.logProbability < logProbability);
  candidates.splice(place < 0 ? candidates.length : place, 0, candidate);
}
