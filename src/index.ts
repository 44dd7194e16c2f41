/**
 * @file flora: full-rank training of transformers in LoRA-sized memory. What most programs need, on Node.js: whatever reads or writes
 * files has the host of Node here. The layers have entry points of their own (`flora-train/engine`, `flora-train/graph`, ...), in which
 * the host is the first argument, or one of the options.
 */

import * as generate from "./generate/index.ts";
import type { FileStore } from "./host/host.ts";
import { nodeHost } from "./host/node.ts";
import * as predict from "./predict/index.ts";
import { openRuntime } from "./runtime/device.ts";
import { cpuRuntime } from "./runtime/node.ts";
import type { Runtime } from "./runtime/runtime.ts";
import * as text from "./text/index.ts";
import * as training from "./train/index.ts";
import * as weights from "./weights/index.ts";

export {
  FormatError,
  type OptionProblem,
  ShapeError,
  type Spelling,
  UsageError,
} from "./errors.ts";
export { corpusBleu, rouge } from "./evaluate/index.ts";
export { adaptModel, chooseAdapters } from "./adapters/index.ts";
export {
  beamSearch,
  complete,
  completeText,
  createDecoder,
  generate,
  generateText,
} from "./generate/index.ts";
export type { Host } from "./host/host.ts";
export { nodeHost } from "./host/node.ts";
export { gpt2, type Model, modelFromConfig } from "./models/index.ts";
export { classifyTexts, cosineSimilarity, embedTexts } from "./predict/index.ts";
export { cpuRuntime, openRuntime };
export type { Device, DeviceOptions } from "./runtime/device.ts";
export type { Runtime } from "./runtime/runtime.ts";
export { byteTokenizer, type Tokenizer } from "./text/index.ts";
export {
  type FollowOptions,
  type Listed,
  type LoggedEvent,
  parseConfig,
  type Tracker,
  type TrainConfig,
  type TrainEvent,
  type TrainOptions,
  type TrainRequest,
  type TrainResult,
  type TrainRun,
} from "./train/index.ts";

const host = nodeHost();

/** A function of files with those of Node. */
const bound =
  <A extends readonly unknown[], R>(work: (files: FileStore, ...args: A) => R) =>
  (...args: A): R =>
    work(host.files, ...args);

/** Loads a model of texts, with or without an adapter. @throws {UsageError | FormatError} if it cannot. */
export const loadModel: (
  runtime: Runtime,
  options: generate.LoadModelOptions,
) => Promise<generate.LoadedModel> = bound(generate.loadModel);

/** The same of a model for images. */
export const loadImageModel: (
  runtime: Runtime,
  options: generate.LoadModelOptions,
) => Promise<generate.LoadedImageModel> = bound(generate.loadImageModel);

/** The classes of the images in files, in their order. @throws {UsageError | FormatError} if one cannot be read. */
export const classifyImages: (
  loaded: generate.LoadedImageModel,
  runtime: Runtime,
  paths: readonly string[],
  options?: { readonly batchSize?: number },
) => Promise<readonly predict.Classification[]> = bound(predict.classifyImages);

/** The tokenizer in a `tokenizer.json`, or in a directory that holds one. @throws {UsageError | FormatError} if there is none. */
export const loadTokenizer: (path: string) => Promise<text.Tokenizer> = bound(text.loadTokenizer);

/** The memory that options would take, without data and without running. @throws {UsageError} if they do not fit together. */
export const predictMemory: (
  config: training.TrainConfig,
) => ReturnType<typeof training.predictMemory> = bound(training.predictMemory);

/**
 * Trains a model; see `TrainRequest`. A model may be a name on the Hub, "owner/name", which is fetched into the cache.
 *
 * @example
 * const run = train({ model: { n_layer: 2 }, data: [{ text: "..." }], steps: 100 });
 * for await (const event of run) if (event.type === "step") console.log(event.loss);
 * console.log(await (await run.result()).generate("Once"));
 */
export const train = (
  request: training.TrainRequest,
  context: Partial<training.TrainRunContext> = {},
): training.TrainRun =>
  training.train(request, {
    host,
    runtime: openRuntime,
    resolveModel: async (name) => {
      const { resolveModel } = await import("./hub/index.ts");
      return resolveModel(name, { host, signal: context.signal });
    },
    ...context,
  });

/**
 * What the log of a run says, which `output` of `train` has; undefined if none was begun.
 *
 * @throws {UsageError | FormatError} if it cannot be read, or a newer version wrote it.
 */
export const readLog: (directory: string) => Promise<readonly training.LoggedEvent[] | undefined> =
  bound(training.readLog);

/**
 * The same event by event, as another process trains, to the end of the run.
 *
 * @throws {UsageError | FormatError} as `readLog` does.
 */
export const followLog = (
  directory: string,
  options: training.FollowOptions = {},
): AsyncGenerator<training.LoggedEvent, void, undefined> =>
  training.followLog(host, directory, options);

/** The content of `config.json` in a directory. @throws {UsageError | FormatError} if there is none. */
export const readConfig: (dir: string) => Promise<Readonly<Record<string, unknown>>> = bound(
  weights.readConfig,
);

/** The tensors that a model expects, by the names it expects. @throws {UsageError | FormatError} if they are not there. */
export const loadWeights: (
  dir: string,
  expected: ReadonlyMap<string, readonly number[]>,
  options?: weights.LoadWeightsOptions,
) => ReturnType<typeof weights.loadWeights> = bound(weights.loadWeights);

/** Saves a model, in place of the one that may be in `dir`. @throws {UsageError} if it cannot; that one is still there then. */
export const saveModel: (
  dir: string,
  model: weights.ModelFiles,
  options?: weights.SaveOptions,
) => Promise<void> = bound(weights.saveModel);
