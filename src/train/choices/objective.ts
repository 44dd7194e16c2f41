/** @file What a run minimises, where its options say so: preferences. */

import type { Objective } from "../../engine/objectives/objective.ts";
import {
  hasReference,
  preference,
  type Reference,
  unaskedReference,
} from "../../engine/objectives/preference.ts";
import { option, UsageError } from "../../errors.ts";
import type { TrainConfig } from "../../options/train-config.ts";
import type { ComparedAnswers } from "../../tasks/task-data.ts";

type ObjectiveOptions = Pick<
  TrainConfig,
  "labelSmoothing" | "preferenceBeta" | "preferenceLoss" | "task"
>;
type CheckedOptions = ObjectiveOptions & Pick<TrainConfig, "model" | "stream">;

/** The objective that options name; undefined for what the model proposes. */
export function namedObjective(
  { labelSmoothing, preferenceBeta, preferenceLoss, task }: ObjectiveOptions,
  reference?: Reference,
): Objective | undefined {
  if (task !== "preference") return undefined;
  const { loss, beta } = { loss: preferenceLoss ?? "dpo", beta: preferenceBeta ?? USUAL_BETA };
  return preference({ loss, beta, labelSmoothing, reference });
}

const USUAL_BETA = 0.1;

/** What a reference model will make of the answers of a run, where its loss asks for one. */
export const referenceFor = (
  { preferenceLoss = "dpo", task }: ObjectiveOptions,
  answers: ComparedAnswers | undefined,
): Reference | undefined =>
  answers && task === "preference" && hasReference(preferenceLoss)
    ? unaskedReference(answers.count)
    : undefined;

/** @throws {UsageError} if options of preferences do not fit together. */
export function checkPreference(
  { labelSmoothing, model, preferenceBeta, preferenceLoss, stream, task }: CheckedOptions,
  inputs: { readonly model?: unknown } = {},
): void {
  if (task !== "preference") {
    const [name, got] =
      preferenceLoss === undefined
        ? (["preferenceBeta", preferenceBeta] as const)
        : (["preferenceLoss", preferenceLoss] as const);
    if (got === undefined) return;
    throw new UsageError(`${option(name)}: needs ${option("task", "preference")}; got ${got}`);
  }
  if (typeof model !== "string" && Object.keys(model).length === 0 && !inputs.model) {
    throw new UsageError(
      `${option("model")}: preferences need a model that answers already; got none`,
      { hint: `name one, best one that learned such answers: ${option("model", "DIRECTORY")}` },
    );
  }
  if (stream !== undefined) {
    throw new UsageError(
      `${option("stream")}: preferences are all in memory, where a reference is kept beside them; got ${stream}`,
    );
  }
  const isDpo = (preferenceLoss ?? "dpo") === "dpo";
  if (labelSmoothing === 0 || (isDpo && labelSmoothing < 1 / 2)) return;
  const rule = isDpo ? "of dpo is below 0.5" : `${preferenceLoss} has none`;
  throw new UsageError(`${option("labelSmoothing")}: ${rule}; got ${labelSmoothing}`);
}
