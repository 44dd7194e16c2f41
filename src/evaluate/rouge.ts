/**
 * @file ROUGE-1, ROUGE-2 and ROUGE-L: Lin, "ROUGE: A Package for Automatic Evaluation of Summaries",
 * Workshop on Text Summarization Branches Out, 2004, with the words of Google's
 * package rouge-score 0.1.2. ROUGE-L takes a text as one sequence, sentences or not.
 *
 *   P = common / length of hypothesis,  R = common / length of reference,  F = 2 P R / (P + R)
 *
 *   ROUGE-N   common = Σ min(count in hypothesis, count in reference) over n-grams; lengths in n-grams
 *   ROUGE-L   common = length of the longest common subsequence of words; lengths in words
 */

import { countMatches, countNgrams, ngramTotal } from "./ngrams.ts";
import { checkPairs } from "./pairs.ts";
import { porterStem } from "./porter.ts";

/** Each 0 to 1, and 0 where a text has nothing to count. */
export interface RougeScore {
  readonly precision: number;
  readonly recall: number;
  readonly fmeasure: number;
}

/** Overlap of words, of pairs of words, and the longest common subsequence. */
export interface RougeScores {
  readonly rouge1: RougeScore;
  readonly rouge2: RougeScore;
  readonly rougeL: RougeScore;
}

/** Means over a corpus. */
export interface CorpusRouge extends RougeScores {
  /** What was computed: the package and version whose scores these are, and whether words were stemmed. */
  readonly signature: string;
}

/** How words are compared. */
export interface RougeOptions {
  /** Compare English stems instead of words; false unless given. */
  readonly stemmer?: boolean;
}

/**
 * The mean over pairs of precision, recall and F. The last is not the F of the first two.
 *
 * @throws {UsageError} if the lists are empty or differ in length.
 */
export function rouge(
  hypotheses: readonly string[],
  references: readonly string[],
  { stemmer = false }: RougeOptions = {},
): CorpusRouge {
  checkPairs("rouge", hypotheses, references);
  const scores = hypotheses.map((hypothesis, i) =>
    pairRouge(hypothesis, references[i] ?? "", { stemmer }),
  );
  return {
    rouge1: meanOf(scores.map(({ rouge1 }) => rouge1)),
    rouge2: meanOf(scores.map(({ rouge2 }) => rouge2)),
    rougeL: meanOf(scores.map(({ rougeL }) => rougeL)),
    signature: `rouge-score 0.1.2|stemmer:${stemmer ? "yes" : "no"}`,
  };
}

/** The scores of one text against one reference. */
export function pairRouge(
  hypothesis: string,
  reference: string,
  { stemmer = false }: RougeOptions = {},
): RougeScores {
  const a = tokenize(hypothesis, stemmer);
  const b = tokenize(reference, stemmer);
  return {
    rouge1: ngramScore(a, b, 1),
    rouge2: ngramScore(a, b, 2),
    rougeL: scoreOf(commonSubsequence(a, b), a.length, b.length),
  };
}

/** Runs of ASCII letters and digits; an accented letter ends a word. */
function tokenize(text: string, stemmer: boolean): readonly string[] {
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return stemmer ? words.map((word) => (word.length > 3 ? porterStem(word) : word)) : words;
}

function ngramScore(a: readonly string[], b: readonly string[], order: number): RougeScore {
  const common = countMatches(countNgrams(a, order), countNgrams(b, order));
  return scoreOf(common, ngramTotal(a.length, order), ngramTotal(b.length, order));
}

function scoreOf(common: number, hypothesisLength: number, referenceLength: number): RougeScore {
  if (common === 0) return { precision: 0, recall: 0, fmeasure: 0 };
  const precision = common / hypothesisLength;
  const recall = common / referenceLength;
  return { precision, recall, fmeasure: (2 * precision * recall) / (precision + recall) };
}

/** Length of the longest common subsequence; `best[j]` is that of the words of `a` so far and of b[0 … j). */
function commonSubsequence(a: readonly string[], b: readonly string[]): number {
  let best = new Uint32Array(b.length + 1);
  for (const word of a) {
    const next = new Uint32Array(b.length + 1);
    for (const [j, other] of b.entries()) {
      const longer = Math.max(best[j + 1] ?? 0, next[j] ?? 0);
      next[j + 1] = word === other ? (best[j] ?? 0) + 1 : longer;
    }
    best = next;
  }
  return best[b.length] ?? 0;
}

const meanOf = (scores: readonly RougeScore[]): RougeScore => ({
  precision: mean(scores.map(({ precision }) => precision)),
  recall: mean(scores.map(({ recall }) => recall)),
  fmeasure: mean(scores.map(({ fmeasure }) => fmeasure)),
});

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
