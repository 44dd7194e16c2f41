/** @file What a run of somebody's own data is given that names no model: one that fits the data, the machine and the time. */

import { alone, type Collective, fromFirst } from "../../collective/index.ts";
import type { TrainConfig } from "../../options/config.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { measuredSpeed } from "../../runtime/speed.ts";
import type { Dataset } from "../../tasks/reading/dataset.ts";
import { trainingTexts } from "../../tasks/reading/training-texts.ts";
import type { Tokenizer } from "../../text/index.ts";
import { isNewTask } from "../../options/task.ts";
import { bertSizes, gpt2Sizes, sizeModel } from "./size-model.ts";

/** Options with a model in them, and what people should know of it. */
export interface SizedRun {
  readonly config: TrainConfig;
  readonly note?: string;
}

/** Characters whose tokens are counted; those of all follow from them. */
const SAMPLED = 200_000;

/** The same options where a model is named, or there are no data to size one by. */
export async function sizedForData(
  config: TrainConfig,
  inputs: { readonly data?: unknown; readonly model?: unknown },
  { dataset, tokenizer, runtime, collective = alone }: Parts,
): Promise<SizedRun> {
  const hasData = config.train !== undefined || inputs.data !== undefined;
  const isNamed = typeof config.model === "string" || Object.keys(config.model).length > 0;
  if (isNamed || inputs.model || !hasData || !tokenizer) return { config };
  let [characters, sampled, sampledTokens] = [0, 0, 0];
  for await (const text of trainingTexts(config, dataset)) {
    characters += text.length;
    if (sampled >= SAMPLED) continue;
    const part = text.slice(0, SAMPLED);
    sampled += part.length;
    sampledTokens += tokenizer.encode(part).length;
  }
  const tokens = Math.ceil((characters * sampledTokens) / Math.max(1, sampled));
  // One model for all ranks.
  const [speed = 0] = fromFirst(collective, [await measuredSpeed(runtime)]);
  const { minutes, task } = config;
  const { vocabularySize } = tokenizer;
  const { fields, epochs } = sizeModel(
    { tokens, vocabularySize, minutes, speed },
    isNewTask(task) ? bertSizes : gpt2Sizes,
  );
  const isLengthGiven = config.steps !== undefined || config.epochs !== undefined;
  const words = `${tokens.toLocaleString("en-US")} tokens, ${minutes} minutes and this machine (${(speed / 1e9).toFixed(0)} GFLOP/s)`;
  return {
    config: { ...config, model: fields, ...(!isLengthGiven && { epochs }) },
    note: `sized for ${words}; a model that has learned something needs far less data`,
  };
}

interface Parts {
  readonly dataset: Dataset;
  readonly tokenizer: Tokenizer | undefined;
  readonly runtime: Runtime;
  readonly collective?: Collective | undefined;
}
