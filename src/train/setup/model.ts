/** @file The model of a run, without weights. */

import { option, UsageError } from "../../errors.ts";
import type { FileStore } from "../../host/host.ts";
import { readSentenceConfig } from "../../generate/sentence-config.ts";
import { modelFromConfig, modelFromScratch } from "../../models/architectures/registry.ts";
import type { Model } from "../../models/model.ts";
import { checkModelFields } from "../../options/model-fields.ts";
import { fieldsForTask, isNewTask } from "../../options/task.ts";
import type { TrainConfig } from "../../options/train-config.ts";
import { classifierFor, labelsFor, type Classifier } from "../../tasks/reading/classes.ts";
import type { Dataset } from "../../tasks/reading/dataset.ts";
import type { Tokenizer } from "../../text/tokenizers/tokenizer.ts";
import { readConfig } from "../../weights/directory.ts";

/** What a model from scratch knows of its tokenizer; special tokens may be unknown where no tokens are read. */
type Vocabulary = {
  readonly [Key in "vocabularySize" | "pad" | "endOfText"]?: Tokenizer[Key] | undefined;
};

/** The model of the options, without weights. The data may have other classes. */
export async function modelOf(
  files: FileStore,
  config: TrainConfig,
  vocabulary: Vocabulary = {},
): Promise<Model> {
  const { model, task } = config;
  if (typeof model === "string") {
    const read = modelFromConfig(fieldsForTask(await readConfig(files, model), task));
    if (read.task === "embedding") await checkPooling(files, model);
    return read;
  }
  checkModelFields(model);
  const { vocabularySize, pad, endOfText } = vocabulary;
  const fields = {
    ...(vocabularySize !== undefined && { vocab_size: vocabularySize }),
    ...(pad !== undefined && { pad_token_id: pad }),
    ...(endOfText !== undefined && { eos_token_id: endOfText }),
    ...model,
  };
  return modelFromScratch(fieldsForTask(fields, task));
}

/** Vectors are trained as means over tokens. @throws {UsageError} if those of this model are made otherwise. */
async function checkPooling(files: FileStore, directory: string): Promise<void> {
  const { pooling = ["mean"] } = (await readSentenceConfig(files, directory)) ?? {};
  if (pooling.join() === "mean") return;
  const what = "its vectors are not means over tokens, which training takes";
  throw new UsageError(`${directory}: ${what}; got ${pooling.join(", ")}`, {
    hint: "flora embed reads it as it is; without its modules.json it is trained anew, as means",
  });
}

/** The same for the classes of the data, where there are any. */
export async function classifierOf(
  config: TrainConfig,
  model: Model,
  dataset: Dataset,
): Promise<Classifier> {
  const found = await labelsFor(model.task, dataset);
  if (!found) return { model, hasNewHead: false };
  const canChange = typeof config.model !== "string" || isNewTask(config.task);
  return classifierFor(model, found, { canChange });
}

export function contextLengthOf(config: TrainConfig, model: Model): number {
  const length = config.contextLength ?? model.usualLength ?? model.contextLength;
  if (length <= model.contextLength) return length;
  throw new UsageError(
    `${option("contextLength")}: the model takes at most ${model.contextLength} tokens; got ${length}`,
  );
}
