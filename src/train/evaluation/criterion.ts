/** @file By which number evaluations are compared, where it is no loss: held-out questions are answered for it. */

import { option, UsageError } from "../../errors.ts";
import type { TrainConfig } from "../../options/train-config.ts";
import { spread } from "../../tasks/reading/dataset.ts";
import type { Metric, RunInputs } from "../setup/inputs.ts";
import type { Run } from "../setup/run.ts";
import { ANSWER_METRICS, answerable, answerQuestions } from "./answers.ts";

/** Of an evaluation; there are several in a run, and answers take their time. */
const MOST_ANSWERS = 32;

/** What every evaluation tells. */
const OF_ALL = ["loss", "accuracy"];

/**
 * Whether there is such a criterion.
 *
 * @throws {UsageError} if neither the library nor the caller has one of the name.
 */
export function checkCriterion(
  { criterion }: Pick<TrainConfig, "criterion">,
  { metrics = {}, objective }: Pick<RunInputs, "metrics" | "objective"> = {},
): void {
  const names = [...OF_ALL, ...Object.keys(ANSWER_METRICS), ...Object.keys(metrics)];
  // An objective names its own with its first evaluation.
  if (names.includes(criterion) || objective?.metrics) return;
  throw new UsageError(`${option("criterion")}: must be ${names.join(", ")}; got ${criterion}`, {
    hint: "in code, metrics may have more",
  });
}

/** What scores answers under a criterion; undefined where it asks for none. */
export const metricOf = (
  criterion: string,
  { metrics }: Pick<RunInputs, "metrics">,
): Metric | undefined =>
  OF_ALL.includes(criterion) ? undefined : (metrics?.[criterion] ?? ANSWER_METRICS[criterion]);

/**
 * The score of held-out answers by the criterion of a run, by its name; nothing where that is told anyway.
 *
 * @throws {UsageError} if nothing is held out that has an answer.
 */
export async function answerScore({
  config: { criterion, translations },
  context: { runtime },
  data,
  engine,
  inputs,
  model,
  tokenizer,
}: Run): Promise<Readonly<Record<string, number>>> {
  const metric = metricOf(criterion, inputs);
  if (!metric) return {};
  const questions = spread(answerable(data.questions, model), Math.min(MOST_ANSWERS, translations));
  if (!tokenizer || questions.length === 0) {
    throw new UsageError(
      `${option("criterion")}: needs held-out questions with their answers; got ${criterion}, and ${translations === 0 ? `${option("translations")} 0` : "none"}`,
      { hint: `take ${option("criterion", "loss")}` },
    );
  }
  const { weights } = engine.state;
  const { stopTokens } = data;
  const answerer = { model, runtime, weights, tokenizer, stopTokens };
  const { outputs, targets } = await answerQuestions(answerer, questions);
  return { [criterion]: metric(outputs, targets) };
}
