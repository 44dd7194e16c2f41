/** @file The classes of a classifier: those of its checkpoint where they fit the data, else those that the data have. */

import { gatheredTexts } from "../../collective/index.ts";
import { isHere, labelsOf, type Shared } from "../../data/index.ts";
import { option, UsageError } from "../../errors.ts";
import { areUnnamed, labelFields } from "../../models/labels.ts";
import type { Model, Task } from "../../models/model.ts";
import { modelFromConfig } from "../../models/architectures/registry.ts";
import type { Dataset } from "./dataset.ts";
import type { Split } from "./hold-out.ts";

type Labelled = Split<Shared<{ readonly label: string }>>;

const LABELLED: Readonly<Partial<Record<Task, (dataset: Dataset) => Promise<Labelled>>>> = {
  classification: (dataset) => dataset.labelled(),
  "image-classification": (dataset) => dataset.images(),
};

/**
 * The labels of the data for a task; undefined if it needs none.
 *
 * @throws {UsageError} as `labelsOf` does, or if the data have no labels.
 */
export async function labelsFor(
  task: Task,
  dataset: Dataset,
): Promise<readonly string[] | undefined> {
  const split = await LABELLED[task]?.(dataset);
  if (!split) return undefined;
  const all = [...split.training, ...split.validation];
  const own = new Set(all.filter(isHere).map(({ label }) => label));
  return labelsOf(gatheredTexts(dataset.ranks, [...own]).flat(), all.length);
}

export interface Classifier {
  readonly model: Model;
  /** Whether the head of a checkpoint tells other classes apart, so that it is of no use. */
  readonly hasNewHead: boolean;
}

/**
 * A model for the labels that occur in data.
 *
 *   the checkpoint's names include them         its classes, in its order
 *   it has no names, but as many classes        its classes get their names
 *   otherwise                                   their own classes
 *
 * @param canChange - whether classes may get names, or be others than those of the checkpoint
 * @throws {UsageError} if they may not, but would have to.
 */
export function classifierFor(
  model: Model,
  found: readonly string[],
  { canChange }: { readonly canChange: boolean },
): Classifier {
  const { labels: own = [], config } = model;
  if (found.every((label) => own.includes(label))) return { model, hasNewHead: false };
  if (!canChange) {
    const [strange] = found.filter((label) => !own.includes(label));
    throw new UsageError(`labels: the model knows ${inWords(own)}; got ${strange}`, {
      hint: `${option("task", "classify")} makes a classifier for the labels of the data`,
    });
  }
  const isNamed = areUnnamed(own) && own.length === found.length;
  return { model: modelFromConfig({ ...config, ...labelFields(found) }), hasNewHead: !isNamed };
}

/** The first few labels. */
const inWords = (labels: readonly string[]): string =>
  labels.slice(0, 5).join(", ") + (labels.length > 5 ? ", ..." : "");
