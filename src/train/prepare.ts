/** @file From options to everything a run needs: model, data, plan, programs and state. */

import type { Plan } from "../engine/param-plan.ts";
import { UsageError } from "../errors.ts";
import type { FileStore, Host } from "../host/host.ts";
import type { ImageProcessor } from "../images/index.ts";
import { headParams, type Model } from "../models/model.ts";
import { modelFromConfig, modelFromScratch } from "../models/architectures/registry.ts";
import { cpuRuntime } from "../runtime/node.ts";
import type { Tokenizer } from "../text/index.ts";
import { zeros } from "../tensor/host-tensor.ts";
import { eachWeight, readConfig } from "../weights/index.ts";
import { type Classifier, classifierFor, labelsFor } from "../tasks/classes.ts";
import type { TrainConfig } from "../options/config.ts";
import { type Dataset, type DatasetRequest, openDataset } from "../tasks/dataset.ts";
import { loadData, tokenizerOf } from "../tasks/load.ts";
import type { TrainData } from "../tasks/task-data.ts";
import { createDraws } from "../engine/draws.ts";
import { imageProcessorOf } from "../tasks/images.ts";
import { checkModelFields } from "../options/model-fields.ts";
import type { PipelineParts } from "../engine/parts.ts";
import { type Trainee, traineeOf } from "./method.ts";
import { createProgramCache } from "../runtime/programs.ts";
import { createSlots } from "../runtime/slots.ts";
import { bufferOf, createState, setWeight } from "../engine/state.ts";
import { fieldsForTask, isNewTask } from "../options/task.ts";

export interface Run extends PipelineParts, Trainee {
  readonly host: Host;
  readonly config: TrainConfig;
  /** Undefined for a model of images. */
  readonly tokenizer: Tokenizer | undefined;
  /** Undefined for a model of texts. */
  readonly processor: ImageProcessor | undefined;
  readonly data: TrainData;
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

/** Parameters that are updated as soon as their gradient is known: with one micro-step and nothing to wait for. */
export function immediateParams(
  { model, plan }: { readonly model: Model; readonly plan: Plan },
  config: TrainConfig,
): ReadonlySet<string> {
  if (config.microSteps > 1 || config.maxGradNorm !== undefined) return new Set();
  const uses = model.stages.flatMap(({ params }) => Object.values(params));
  return new Set(
    uses.filter(
      (name) =>
        plan.get(name)?.training !== undefined &&
        uses.indexOf(name) === uses.lastIndexOf(name) &&
        name !== model.head?.weight,
    ),
  );
}

/** Data in place of the files of the options, and formats that these may have. */
export type DataInputs = Pick<DatasetRequest, "data" | "formats" | "heldOut">;

export async function prepare(
  host: Host,
  config: TrainConfig,
  inputs: DataInputs = {},
): Promise<Run> {
  const { files } = host;
  const dataset = openDataset({ ...inputs, config, files });
  const tokenizer = await tokenizerOf(files, config, dataset);
  const known = await modelOf(files, config, tokenizer);
  const { model: base, hasNewHead } = await classifierOf(config, known, dataset);
  if (tokenizer && tokenizer.vocabularySize > base.vocabularySize) {
    throw new UsageError(
      `tokenizer: the model knows ${base.vocabularySize} tokens` +
        `; got a vocabulary of ${tokenizer.vocabularySize}`,
    );
  }
  const trainee = traineeOf(base, config);
  const { model, plan } = trainee;
  const draws = createDraws(config.seed);
  const contextLength = contextLengthOf(config, model);
  const processor = tokenizer ? undefined : await imageProcessorOf(files, config, base);
  const data = await loadData({
    config,
    dataset,
    tokenizer,
    processor,
    model,
    contextLength,
    key: draws.dataKey,
  });

  const runtime = cpuRuntime(config.threads === undefined ? {} : { threads: config.threads });
  const immediate = immediateParams(trainee, config);
  const state = createState({ runtime, model, plan, immediate });
  const parts = { host, config, runtime, base, model, state, draws };
  const drawn = await fillWeights({ ...parts, fresh: hasNewHead ? headParams(base) : [] });
  // Reading and tokenizing leave more garbage than a small model has weights.
  runtime.collectGarbage();
  return {
    ...trainee,
    host,
    config,
    drawn,
    tokenizer,
    processor,
    draws,
    data,
    runtime,
    state,
    shapes: data.shapes,
    recompute: config.recompute,
    vocabularyChunk: config.vocabularyChunk,
    programs: createProgramCache(runtime),
    slots: createSlots(runtime),
  };
}

interface WeightParts extends Pick<
  Run,
  "host" | "config" | "runtime" | "base" | "model" | "state" | "draws"
> {
  /** Parameters of a checkpoint that are of no use. */
  readonly fresh: readonly string[];
}

/**
 * A model from scratch is drawn; so is what a checkpoint lacks, and the adapters of any model.
 *
 * @returns what was drawn though there is a checkpoint, adapters left out
 */
async function fillWeights(parts: WeightParts): Promise<readonly string[]> {
  const { host, config, base, model, state } = parts;
  const loaded = new Set<string>();
  if (typeof config.model === "string") {
    const { fresh } = parts;
    const shapes = [...base.params].map(([name, { shape }]) => [name, shape] as const);
    const expected = new Map(shapes.filter(([name]) => !fresh.includes(name)));
    const { checkpoint } = base;
    const options = { ...checkpoint, ignore: [...checkpoint.ignore, ...fresh] };
    // One at a time: those that rest in sixteen bits are never all there in float32.
    for await (const [name, tensor] of eachWeight(host.files, config.model, expected, options)) {
      setWeight(state, name, tensor);
      loaded.add(name);
    }
  }
  const missing = [...model.params.keys()].filter((name) => !loaded.has(name));
  for (const name of missing) drawWeight(parts, name);
  return loaded.size === 0 ? [] : missing.filter((name) => base.params.has(name));
}

function drawWeight({ model, runtime, state, draws }: WeightParts, name: string): void {
  const spec = model.params.get(name);
  if (!spec) throw new Error(`internal: no parameter ${name}`);
  const fresh =
    state.weights.get(name)?.dtype === "float32" ? undefined : zeros("float32", spec.shape);
  const target = fresh ? runtime.adopt(fresh) : bufferOf(state.weights, name);
  draws.initialize(name, spec, target);
  if (fresh) setWeight(state, name, fresh);
}
