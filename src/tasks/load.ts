/** @file From a dataset to batches, by the task of the model. */

import { UsageError, option } from "../errors.ts";
import type { Task } from "../models/model.ts";
import { loadCausal } from "./causal.ts";
import { loadClassification } from "./classification.ts";
import { loadEmbedding } from "./embedding.ts";
import { loadImages } from "./images.ts";
import { loadMasked } from "./masked.ts";
import { loadPreferences } from "./preference.ts";
import { Unshared } from "./reading/shared-rows.ts";
import { loadSeq2seq } from "./seq2seq.ts";
import type { AnyDataRequest, DataRequest, TrainData } from "./task-data.ts";

const LOADERS: Readonly<Partial<Record<Task, (request: DataRequest) => Promise<TrainData>>>> = {
  causal: loadCausal,
  classification: loadClassification,
  embedding: loadEmbedding,
  masked: loadMasked,
  seq2seq: loadSeq2seq,
};

/**
 * The data for a model's task.
 *
 * @throws {UsageError} if the files do not hold what the task needs.
 */
export async function loadData(request: AnyDataRequest): Promise<TrainData> {
  try {
    return await loadOnce(request);
  } catch (error) {
    if (!(error instanceof Unshared)) throw error;
    return loadOnce({ ...request, dataset: request.dataset.alone() });
  }
}

async function loadOnce(request: AnyDataRequest): Promise<TrainData> {
  const { model, tokenizer, processor } = request;
  const { learn, task } = request.config;
  if (model.task !== "causal" && learn !== "answers") {
    throw new UsageError(
      `${option("learn")}: a model that does not continue texts learns answers alone; got ${learn}`,
    );
  }
  if (processor) return loadImages({ ...request, processor });
  const load = task === "preference" ? loadPreferences : LOADERS[model.task];
  if (load && tokenizer) {
    const data = await load({ ...request, tokenizer });
    const columns = request.dataset.columns();
    if (columns.length === 0) return data;
    return { ...data, description: `${data.description}; columns ${columns.join(" and ")}` };
  }
  throw new UsageError(`${option("train")}: no data for this task; got ${model.task}`);
}
