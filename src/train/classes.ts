/** @file The classes of a classifier: those of its checkpoint where they fit the data, else those that the data have. */

import { areUnnamed, labelFields } from "../models/labels.ts";
import type { Model } from "../models/model.ts";
import { modelFromConfig } from "../models/registry.ts";

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
 */
export function classifierFor(model: Model, found: readonly string[]): Classifier {
  const { labels: own = [], config } = model;
  if (found.every((label) => own.includes(label))) return { model, hasNewHead: false };
  const isNamed = areUnnamed(own) && own.length === found.length;
  return { model: modelFromConfig({ ...config, ...labelFields(found) }), hasNewHead: !isNamed };
}
