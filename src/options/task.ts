/** @file What a run learns, in the words of its options and in those of models. */

import { option, UsageError } from "../errors.ts";
import type { ConfigFields } from "../models/config.ts";
import type { Task } from "../models/model.ts";
import { tasksOf, typesFor } from "../models/architectures/registry.ts";
import type { TaskName } from "./tables/names.ts";

/** The tasks that a word stands for. */
const TASKS: Readonly<Record<TaskName, readonly Task[]>> = {
  text: ["causal"],
  pairs: ["causal", "seq2seq"],
  mask: ["masked"],
  classify: ["classification", "image-classification"],
  embed: ["embedding"],
  preference: ["causal"],
};

/** Whether a model is to learn what it may not have learned before, so that a part of it may be new. */
export const isNewTask = (name: TaskName | undefined): boolean =>
  name === "mask" || name === "classify" || name === "embed";

/**
 * The fields of a config.json for the task that a word stands for; the same ones where the model has that task already.
 *
 * @throws {UsageError} if models of this type have other tasks.
 */
export function fieldsForTask(fields: ConfigFields, name: TaskName | undefined): ConfigFields {
  if (name === undefined) return fields;
  const wanted = TASKS[name];
  const known = tasksOf(fields);
  const { architectures } = fields;
  const own: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  const choices = [...known].filter(([, task]) => wanted.includes(task));
  const [first] = choices;
  if (first === undefined) throw otherTasks(fields, name, [...known.values()]);
  if (choices.some(([architecture]) => architecture === own)) return fields;
  return known.size === 1 ? fields : { ...fields, architectures: [first[0]] };
}

/** Whether models of a type read images, and no text. */
export const readsImages = (fields: ConfigFields): boolean =>
  [...tasksOf(fields).values()].includes("image-classification");

function otherTasks(fields: ConfigFields, name: TaskName, tasks: readonly Task[]): UsageError {
  const names = Object.entries(TASKS).filter(([, own]) => own.some((task) => tasks.includes(task)));
  const words = names.map(([word]) => word).join(", ");
  const type = JSON.stringify(fields["model_type"] ?? "gpt2");
  const types = TASKS[name].flatMap(typesFor);
  const message = `${option("task")}: must be one of ${words} for the model type ${type}; got ${name}`;
  return new UsageError(
    message,
    types.length === 0 ? {} : { hint: `models of type ${types.join(" or ")} can do it` },
  );
}
