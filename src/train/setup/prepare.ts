/** @file From options to everything a run needs: model, data, plan, and an engine with its weights. */

import type { RunInputs } from "./inputs.ts";
import { UsageError } from "../../errors.ts";
import type { FileStore, Host } from "../../host/host.ts";
import type { ImageProcessor } from "../../images/index.ts";
import { headParams, type Model } from "../../models/model.ts";
import { modelFromConfig, modelFromScratch } from "../../models/architectures/registry.ts";
import { readTensor, type Runtime } from "../../runtime/runtime.ts";
import type { Tokenizer } from "../../text/index.ts";
import { eachWeight, readConfig } from "../../weights/index.ts";
import { type Classifier, classifierFor, labelsFor } from "../../tasks/classes.ts";
import type { TrainConfig } from "../../options/config.ts";
import { type Dataset, openDataset } from "../../tasks/dataset.ts";
import { loadData, tokenizerOf } from "../../tasks/load.ts";
import type { TrainData } from "../../tasks/task-data.ts";
import { dataKey } from "../../engine/parts/draws.ts";
import { openEngine, type Engine } from "../../engine/engine.ts";
import { imageProcessorOf } from "../../tasks/images.ts";
import { checkModelFields } from "../../options/model-fields.ts";
import { type Trainee, traineeOf } from "./method.ts";
import { drawWeight } from "../../engine/parts/initial-weights.ts";
import { setWeight } from "../../engine/parts/state.ts";
import { fieldsForTask, isNewTask } from "../../options/task.ts";

/** What a run is given from outside. */
export interface RunContext {
  readonly runtime: Runtime;
  readonly host: Host;
}

/** A run that is ready to begin: its model, its data, and the engine that takes its steps. */
export interface Run extends Trainee {
  readonly config: TrainConfig;
  readonly context: RunContext;
  readonly inputs: RunInputs;
  /** Undefined for a model of images. */
  readonly tokenizer: Tokenizer | undefined;
  /** Undefined for a model of texts. */
  readonly processor: ImageProcessor | undefined;
  readonly data: TrainData;
  readonly engine: Engine;
  /** Parameters of the base that are drawn because its checkpoint lacks them. */
  readonly drawn: readonly string[];
}

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
    return modelFromConfig(fieldsForTask(await readConfig(files, model), task));
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

/** The same for the classes of the data, where there are any. */
async function classifierOf(
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
    `contextLength: the model takes at most ${model.contextLength} tokens; got ${length}`,
  );
}

export async function prepare(
  config: TrainConfig,
  context: RunContext,
  inputs: RunInputs = {},
): Promise<Run> {
  const { files } = context.host;
  const dataset = openDataset({ ...inputs, config, files });
  const tokenizer =
    inputs.tokenizer ?? inputs.model?.tokenizer ?? (await tokenizerOf(files, config, dataset));
  const known = inputs.model?.base ?? (await modelOf(files, config, tokenizer));
  const { model: base, hasNewHead } = await classifierOf(config, known, dataset);
  if (tokenizer && tokenizer.vocabularySize > base.vocabularySize) {
    throw new UsageError(
      `tokenizer: the model knows ${base.vocabularySize} tokens` +
        `; got a vocabulary of ${tokenizer.vocabularySize}`,
    );
  }
  const trainee = traineeOf(base, config, inputs);
  const { model } = trainee;
  const contextLength = contextLengthOf(config, model);
  const processor = tokenizer ? undefined : await imageProcessorOf(files, config, base);
  const data = await loadData({
    config,
    dataset,
    tokenizer,
    processor,
    model,
    contextLength,
    key: dataKey(config.seed),
  });
  const engine = openEngine({
    ...config,
    ...trainee,
    runtime: context.runtime,
    shapes: data.shapes,
    objective: inputs.objective,
  });
  const run = { ...trainee, config, context, inputs, tokenizer, processor, data, engine };
  const drawn = await fillWeights(run, hasNewHead ? headParams(base) : []);
  // Reading and tokenizing leave more garbage than a small model has weights.
  context.runtime.collectGarbage();
  return { ...run, drawn };
}

type WeightedRun = Pick<Run, "config" | "context" | "inputs" | "base" | "model" | "engine">;

/**
 * A model from scratch is drawn; so is what a checkpoint lacks, and the adapters of any model.
 *
 * @param fresh - parameters of a checkpoint that are of no use
 * @returns what was drawn though there is a checkpoint, adapters left out
 */
async function fillWeights(run: WeightedRun, fresh: readonly string[]): Promise<readonly string[]> {
  const { config, context, inputs, base, model, engine } = run;
  const loaded = new Set<string>();
  if (inputs.model) {
    for (const [name, buffer] of inputs.model.weights) {
      if (!base.params.has(name) || fresh.includes(name)) continue;
      setWeight(engine.state, name, await readTensor(buffer));
      loaded.add(name);
    }
  } else if (typeof config.model === "string") {
    const shapes = [...base.params].map(([name, { shape }]) => [name, shape] as const);
    const expected = new Map(shapes.filter(([name]) => !fresh.includes(name)));
    const { checkpoint } = base;
    const options = { ...checkpoint, ignore: [...checkpoint.ignore, ...fresh] };
    // One at a time: those that rest in sixteen bits are never all there in float32.
    for await (const [name, tensor] of eachWeight(
      context.host.files,
      config.model,
      expected,
      options,
    )) {
      setWeight(engine.state, name, tensor);
      loaded.add(name);
    }
  }
  const missing = [...model.params.keys()].filter((name) => !loaded.has(name));
  for (const name of missing) drawWeight(engine.parts, name);
  return loaded.size === 0 ? [] : missing.filter((name) => base.params.has(name));
}
