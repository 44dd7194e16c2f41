/** @file What stands around a source when a model is asked for its target. */

import type { PromptTemplate } from "../data/index.ts";
import type { Task } from "../models/model.ts";
import type { TrainConfig } from "../options/config.ts";

/** A model that goes on from the source sees where it ends by a line break, an encoder by the end of text. */
export const templateOf = (
  { prefix, suffix }: Pick<TrainConfig, "prefix" | "suffix">,
  task: Task,
): PromptTemplate =>
  task === "seq2seq"
    ? { prefix, suffix: suffix ?? "", ends: true }
    : { prefix, suffix: suffix ?? "\n" };
