/** @file Held-out questions answered greedily, beside the right answers, and the scores that a criterion may be. */

import { corpusBleu, rouge } from "../../evaluate/index.ts";
import { complete, createDecoder } from "../../generate/index.ts";
import type { Model } from "../../models/model.ts";
import type { Buffer, Runtime } from "../../runtime/runtime.ts";
import type { Question } from "../../tasks/task-data.ts";
import type { Tokenizer } from "../../text/index.ts";
import type { Metric } from "../setup/inputs.ts";

export interface Answerer {
  readonly model: Model;
  readonly runtime: Runtime;
  readonly weights: ReadonlyMap<string, Buffer>;
  readonly tokenizer: Tokenizer;
  /** Tokens that answers are taught to end with. */
  readonly stopTokens: readonly number[] | undefined;
}

/** Prompts, what was answered, and what is right; all texts, in the same order. */
export interface AnsweredQuestions {
  readonly prompts: readonly string[];
  readonly outputs: readonly string[];
  readonly targets: readonly string[];
}

/** Questions whose answer is known, and whose prompt leaves room for one. */
export const answerable = (
  questions: readonly Question[] | undefined,
  { contextLength }: Model,
): readonly Question[] =>
  (questions ?? []).filter(({ prompt, target }) => target && prompt.length < contextLength);

/** Answers of at most one and a half times the longest right one. */
export async function answerQuestions(
  { model, runtime, weights, tokenizer, stopTokens = [] }: Answerer,
  questions: readonly Question[],
): Promise<AnsweredQuestions> {
  const decoder = createDecoder(model, runtime, weights);
  const longest = Math.max(...questions.map(({ target }) => target?.length ?? 0));
  const ends = [tokenizer.endOfText, ...stopTokens];
  const outputs = await complete(
    decoder,
    questions.map(({ prompt }) => prompt),
    {
      maxNewTokens: Math.ceil(longest * 1.5),
      stopTokens: ends.filter((id) => id !== undefined),
    },
  ).finally(() => decoder.release());
  return {
    prompts: questions.map(({ prompt }) => tokenizer.decode(prompt)),
    outputs: outputs.map((ids) => tokenizer.decode(ids)),
    targets: questions.map(({ target }) => tokenizer.decode(target ?? new Int32Array())),
  };
}

/** The share of answers that are right to the letter, white space around them aside, 0 to 1. */
export const exactShare: Metric = (outputs, references) =>
  outputs.filter((text, i) => text.trim() === references[i]?.trim()).length / outputs.length;

/** Scores of answers by the names of criteria, more is better: corpus BLEU and the mean F of ROUGE-L in percent, and the share of exact answers. */
export const ANSWER_METRICS: Readonly<Record<string, Metric>> = {
  bleu: (outputs, references) => corpusBleu(outputs, references).score,
  rougeL: (outputs, references) => 100 * rouge(outputs, references).rougeL.fmeasure,
  exact: exactShare,
};
