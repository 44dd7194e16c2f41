/**
 * @file Corpus BLEU: Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine
 * Translation", ACL 2002, with the choices that Post, "A Call for Clarity in Reporting BLEU
 * Scores", WMT 2018, arXiv:1804.08771, makes the default: the tokenizer of NIST's mteval-v13a and
 * exponential smoothing.
 *
 *   pₙ   = Σ min(count in hypothesis, count in reference) / Σ count in hypothesis   over n-grams
 *   pₙ   = 1 / (2ᵏ · Σ count in hypothesis)   for the k-th order that has no match
 *   BP   = min(1, exp(1 − reference length / hypothesis length))
 *   BLEU = BP · (p₁ p₂ p₃ p₄)^¼
 */

import { countMatches, countNgrams, ngramTotal } from "./ngrams.ts";
import { checkPairs } from "./pairs.ts";

export interface BleuScore {
  /** 0 to 100. */
  readonly score: number;
  /** pₙ in percent, for n = 1 … 4. */
  readonly precisions: readonly number[];
  readonly brevityPenalty: number;
  /** In tokens, summed over the corpus. */
  readonly hypothesisLength: number;
  readonly referenceLength: number;
  /** What was computed, in sacreBLEU's notation; `version` is the sacreBLEU that gives the same score. */
  readonly signature: string;
}

const ORDERS = [1, 2, 3, 4] as const;
const SIGNATURE = "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0";

/**
 * BLEU of a corpus against one reference a sentence; n-grams are counted over all sentences before
 * anything is divided, so it is not a mean of sentence scores.
 *
 * @throws {UsageError} if the lists are empty or differ in length.
 */
export function corpusBleu(
  hypotheses: readonly string[],
  references: readonly string[],
): BleuScore {
  checkPairs("bleu", hypotheses, references);
  const hypothesisTokens = hypotheses.map(tokenize13a);
  const referenceTokens = references.map(tokenize13a);
  const hypothesisLength = totalLength(hypothesisTokens);
  const referenceLength = totalLength(referenceTokens);
  const precisions = smoothedPrecisions(hypothesisTokens, referenceTokens);
  const brevityPenalty = brevity(hypothesisLength, referenceLength);
  const meanLog = precisions.reduce((sum, p) => sum + Math.log(p), 0) / ORDERS.length;
  return {
    score: brevityPenalty * Math.exp(meanLog),
    precisions,
    brevityPenalty,
    hypothesisLength,
    referenceLength,
    signature: SIGNATURE,
  };
}

/** The rules of mteval-v13a in their order; a rule sees the spaces that earlier ones put in. */
const RULES_13A: readonly (readonly [RegExp, string])[] = [
  [/<skipped>/g, ""],
  [/-\n/g, ""],
  [/\n/g, " "],
  [/&quot;/g, '"'],
  [/&amp;/g, "&"],
  [/&lt;/g, "<"],
  [/&gt;/g, ">"],
  [/([ -&(-+:-@[-`{-~/])/g, " $1 "],
  [/([^0-9])([.,])/g, "$1 $2 "],
  [/([.,])([^0-9])/g, " $1 $2"],
  [/([0-9])(-)/g, "$1 $2 "],
];

/** What Python calls white space: unlike \s, with the four ASCII separators and U+0085. */
const WHITE_SPACE =
  "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const GAP = new RegExp(WHITE_SPACE, "u");
const TRAILING_GAP = new RegExp(`${WHITE_SPACE}$`, "u");

function tokenize13a(text: string): readonly string[] {
  const padded = ` ${text.replace(TRAILING_GAP, "")} `;
  const spaced = RULES_13A.reduce((line, [pattern, to]) => line.replace(pattern, to), padded);
  return spaced.split(GAP).filter((token) => token !== "");
}

function smoothedPrecisions(
  hypotheses: readonly (readonly string[])[],
  references: readonly (readonly string[])[],
): readonly number[] {
  const counts = ORDERS.map((order) => {
    let matches = 0;
    let total = 0;
    for (const [i, hypothesis] of hypotheses.entries()) {
      matches += countMatches(
        countNgrams(hypothesis, order),
        countNgrams(references[i] ?? [], order),
      );
      total += ngramTotal(hypothesis.length, order);
    }
    return { matches, total };
  });

  // Smoothing never rescues a corpus without one common word, nor an order without n-grams.
  if (counts.every(({ matches }) => matches === 0)) return ORDERS.map(() => 0);
  let penalty = 1;
  return counts.map(({ matches, total }) => {
    if (total === 0) return 0;
    if (matches > 0) return (100 * matches) / total;
    penalty *= 2;
    return 100 / (penalty * total);
  });
}

/** 0 for a hypothesis without words: exp(−∞). */
function brevity(hypothesisLength: number, referenceLength: number): number {
  if (hypothesisLength >= referenceLength) return 1;
  return Math.exp(1 - referenceLength / hypothesisLength);
}

const totalLength = (sentences: readonly (readonly string[])[]): number =>
  sentences.reduce((sum, tokens) => sum + tokens.length, 0);
