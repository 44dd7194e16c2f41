/** @file From options to everything a run needs: model, data, plan, and an engine with its weights. */

import { type Growth, grownModel } from "../../adapters/grow.ts";
import { openEngine } from "../../engine/engine.ts";
import { dataKey } from "../../engine/parts/draws.ts";
import { option, UsageError } from "../../errors.ts";
import { exists } from "../../host/content.ts";
import type { FileStore } from "../../host/host.ts";
import { headParams, type Model } from "../../models/model.ts";
import { parseConfig, type TrainConfig, type TrainOptions } from "../../options/config.ts";
import { imageProcessorOf } from "../../tasks/images.ts";
import { loadData } from "../../tasks/load.ts";
import { loadStreamed } from "../../tasks/streamed.ts";
import { openDataset } from "../../tasks/reading/dataset.ts";
import { tokenizerOf } from "../../tasks/reading/tokenizer.ts";
import { type Tokenizer, withChatTemplate } from "../../text/index.ts";
import type { RunInputs } from "./inputs.ts";
import { traineeOf } from "./method.ts";
import { classifierOf, contextLengthOf, modelOf } from "./model.ts";
import type { Run, RunContext } from "./run.ts";
import { sizedForData } from "../choices/own-data.ts";
import { checkPreference, namedObjective, referenceFor } from "../choices/objective.ts";
import { settle } from "../choices/settle.ts";
import { ranksOf, reduceOver } from "../ranks/ranks.ts";
import { fillWeights } from "./weights.ts";
import { openDisk } from "./weights-on-disk.ts";

/** All of a run but its engine; of its parameters, those are named that a new head draws. */
export type RunParts = Omit<Run, "disk" | "engine" | "reference">;

/** Everything that a run takes. */
export const prepare = async (
  config: TrainConfig,
  context: RunContext,
  inputs: RunInputs = {},
): Promise<Run> => openRun(await gather(config, context, inputs));

/** The same options with the model that their data get where none is named, so that several runs have the same one. */
export async function withModelForData(
  options: TrainOptions,
  { host, runtime }: RunContext,
): Promise<TrainOptions> {
  const config = parseConfig(options);
  const dataset = openDataset({ config, files: host.files });
  const tokenizer = await tokenizerOf(host.files, config, dataset);
  const { config: sized, note } = await sizedForData(config, {}, { dataset, tokenizer, runtime });
  if (note === undefined) return options;
  return { ...options, tokenizer: sized.tokenizer, model: sized.model, epochs: sized.epochs };
}

/** Model, data and plan; nothing large is allocated but what the data take. */
export async function gather(
  wanted: TrainConfig,
  context: RunContext,
  inputs: RunInputs = {},
): Promise<RunParts> {
  checkPreference(wanted, inputs);
  const { files } = context.host;
  await checkPrompts(files, wanted);
  const mostBytes = context.host.memory.heapLimitBytes();
  const dataset = openDataset({
    ...inputs,
    config: wanted,
    files,
    mostBytes,
    ranks: ranksOf(context),
  });
  const known =
    inputs.tokenizer ?? inputs.model?.tokenizer ?? (await tokenizerOf(files, wanted, dataset));
  const { chatTemplate } = wanted;
  const tokenizer =
    known && chatTemplate !== undefined
      ? await withChatTemplate(files, known, chatTemplate)
      : known;
  const sized = await sizedForData(wanted, inputs, { dataset, tokenizer, ...context });
  const { config: given } = sized;
  const stored = inputs.model?.base ?? (await modelOf(files, given, tokenizer));
  const growth = known && tokenizer && growthOf(stored, { given, known, tokenizer });
  const found = growth && tokenizer ? grownModel(stored, tokenizer.vocabularySize) : stored;
  const { model: base, hasNewHead } = await classifierOf(given, found, dataset);
  if (tokenizer && tokenizer.vocabularySize > base.vocabularySize) {
    throw new UsageError(
      `tokenizer: the model knows ${base.vocabularySize} tokens` +
        `; got a vocabulary of ${tokenizer.vocabularySize}`,
    );
  }
  const config = settle(given, base, inputs);
  checkRegularisation(config, base, inputs);
  const contextLength = contextLengthOf(config, base);
  const trainee = traineeOf(base, config, inputs, growth);
  const { model } = trainee;
  const processor = tokenizer ? undefined : await imageProcessorOf(files, config, base);
  const load = config.stream === undefined ? loadData : loadStreamed;
  const data = await load({
    config,
    dataset,
    tokenizer,
    processor,
    model,
    contextLength,
    key: dataKey(config.seed),
  });
  const drawn = hasNewHead ? headParams(base) : [];
  const { note } = sized;
  const notes = note === undefined ? [] : [note];
  return { ...trainee, config, context, inputs, tokenizer, processor, data, drawn, notes };
}

/** @throws {UsageError} if there is no file of prompts. */
async function checkPrompts(files: FileStore, { samplePrompts: file }: TrainConfig): Promise<void> {
  if (file === undefined || (await exists(files, file))) return;
  throw new UsageError(`${option("samplePrompts")}: no such file; got ${file}`, {
    hint: "name a text file that has a prompt on each line",
  });
}

/** @throws {UsageError} if noise or smoothed labels are asked for where there are no tokens, or no labels. */
function checkRegularisation(
  { labelSmoothing, neftuneAlpha }: TrainConfig,
  { head, inputTypes }: Model,
  { objective }: RunInputs,
): void {
  if (neftuneAlpha > 0 && inputTypes(1, 1).pixels) {
    throw new UsageError(
      `${option("neftuneAlpha")}: a model of images embeds no tokens; got ${neftuneAlpha}`,
    );
  }
  if (labelSmoothing === 0 || (head && !objective)) return;
  const what = objective ? "an objective of one's own" : "a model of vectors";
  throw new UsageError(
    `${option("labelSmoothing")}: ${what} has no labels to smooth; got ${labelSmoothing}`,
  );
}

/** What the marks of a chat template add to a model that has learned something. */
function growthOf(
  stored: Model,
  { given, known, tokenizer }: { given: TrainConfig; known: Tokenizer; tokenizer: Tokenizer },
): Growth | undefined {
  const tokens = { start: known.vocabularySize, end: tokenizer.vocabularySize };
  const isFromScratch =
    typeof given.model !== "string" && stored.vocabularySize > known.vocabularySize;
  return tokens.start === tokens.end || isFromScratch ? undefined : { stored, tokens };
}

/** The run, with an engine that has its weights. */
export async function openRun({ drawn: newHead, ...parts }: RunParts): Promise<Run> {
  const { config, data, inputs } = parts;
  const { context, disk } = config.lowMemory
    ? await openDisk(config, parts.context)
    : { context: parts.context };
  const reference = inputs.objective ? undefined : referenceFor(config, data.answers);
  const engine = openEngine({
    ...config,
    ...parts,
    runtime: context.runtime,
    shapes: data.shapes,
    objective: inputs.objective ?? namedObjective(config, reference),
    reduce: reduceOver(ranksOf(context), config),
  });
  const run = { ...parts, context, disk, engine, reference };
  const drawn = await fillWeights(run, newHead).catch((error: unknown) => {
    disk?.close();
    throw error;
  });
  // Reading and tokenizing leave more garbage than a small model has weights.
  context.runtime.collectGarbage();
  return { ...run, drawn };
}
