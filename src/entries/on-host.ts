/** @file What a program calls by the name of a directory, on the host and the runtimes that it runs on. */

import * as generate from "../generate/index.ts";
import type { FileStore, Host } from "../host/host.ts";
import * as predict from "../predict/index.ts";
import type { DeviceOptions } from "../runtime/device-options.ts";
import type { Runtime } from "../runtime/runtime.ts";
import * as text from "../text/index.ts";
import * as training from "../train/index.ts";
import * as weights from "../weights/index.ts";

/** Functions of files, of which the host is known. */
export interface OnHost {
  /** Loads a model of texts, with or without an adapter. @throws {UsageError | FormatError} if it cannot. */
  loadModel(runtime: Runtime, options: generate.LoadModelOptions): Promise<generate.LoadedModel>;

  /** The same of a model for images. */
  loadImageModel(
    runtime: Runtime,
    options: generate.LoadModelOptions,
  ): Promise<generate.LoadedImageModel>;

  /** The classes of the images in files, in their order. @throws {UsageError | FormatError} if one cannot be read. */
  classifyImages(
    loaded: generate.LoadedImageModel,
    runtime: Runtime,
    paths: readonly string[],
    options?: { readonly batchSize?: number },
  ): Promise<readonly predict.Classification[]>;

  /** The tokenizer in a `tokenizer.json`, or in a directory that holds one. @throws {UsageError | FormatError} if there is none. */
  loadTokenizer(path: string): Promise<text.Tokenizer>;

  /** The memory that options would take, without data and without running. @throws {UsageError} if they do not fit together. */
  predictMemory(config: training.TrainConfig): ReturnType<typeof training.predictMemory>;

  /**
   * Trains a model; see `TrainRequest`. A model may be a name on the Hub, "owner/name", which is fetched into the cache.
   *
   * @example
   * const run = train({ model: { n_layer: 2 }, data: [{ text: "..." }], steps: 100 });
   * for await (const event of run) if (event.type === "step") console.log(event.loss);
   * console.log(await (await run.result()).generate("Once"));
   */
  train(
    request: training.TrainRequest,
    context?: Partial<training.TrainRunContext>,
  ): training.TrainRun;

  /**
   * What the log of a run says, which `output` of `train` has; undefined if none was begun.
   *
   * @throws {UsageError | FormatError} if it cannot be read, or a newer version wrote it.
   */
  readLog(directory: string): Promise<readonly training.LoggedEvent[] | undefined>;

  /**
   * The same event by event, as another process trains, to the end of the run.
   *
   * @throws {UsageError | FormatError} as `readLog` does.
   */
  followLog(
    directory: string,
    options?: training.FollowOptions,
  ): AsyncGenerator<training.LoggedEvent, void, undefined>;

  /** The content of `config.json` in a directory. @throws {UsageError | FormatError} if there is none. */
  readConfig(dir: string): Promise<Readonly<Record<string, unknown>>>;

  /** The tensors that a model expects, by the names it expects. @throws {UsageError | FormatError} if they are not there. */
  loadWeights(
    dir: string,
    expected: ReadonlyMap<string, readonly number[]>,
    options?: weights.LoadWeightsOptions,
  ): ReturnType<typeof weights.loadWeights>;

  /** Saves a model, in place of the one that may be in `dir`. @throws {UsageError} if it cannot; that one is still there then. */
  saveModel(dir: string, model: weights.ModelFiles, options?: weights.SaveOptions): Promise<void>;
}

/** The functions on a host. */
export function onHost(
  host: Host,
  openRuntime: (options: DeviceOptions) => Promise<Runtime>,
): OnHost {
  /** A function of files with those of the host. */
  const bound =
    <A extends readonly unknown[], R>(work: (files: FileStore, ...args: A) => R) =>
    (...args: A): R =>
      work(host.files, ...args);
  return {
    loadModel: bound(generate.loadModel),
    loadImageModel: bound(generate.loadImageModel),
    classifyImages: bound(predict.classifyImages),
    loadTokenizer: bound(text.loadTokenizer),
    predictMemory: bound(training.predictMemory),
    train: (request, context = {}) =>
      training.train(request, {
        host,
        runtime: openRuntime,
        resolveModel: async (name) => {
          const { resolveModel } = await import("../hub/index.ts");
          return resolveModel(name, { host, signal: context.signal });
        },
        ...context,
      }),
    readLog: bound(training.readLog),
    followLog: (directory, options = {}) => training.followLog(host, directory, options),
    readConfig: bound(weights.readConfig),
    loadWeights: bound(weights.loadWeights),
    saveModel: bound(weights.saveModel),
  };
}
