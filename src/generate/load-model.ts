/** @file A model from disk, with or without adapters, ready to run. */

import { vocabularyParams, withNewRows } from "../adapters/grow.ts";
import { type Adapter, adaptersOf, adaptModel } from "../adapters/index.ts";
import { modelForTokens, withTokenRows } from "../adapters/token-rows.ts";
import { option, UsageError } from "../errors.ts";
import { exists } from "../host/content.ts";
import type { FileStore } from "../host/host.ts";
import { join } from "../host/path.ts";
import { type ImageProcessor, loadImageProcessor } from "../images/index.ts";
import { imageInputOf, type Model, paramsInUse } from "../models/model.ts";
import { modelFromConfig } from "../models/architectures/registry.ts";
import type { Buffer, Runtime } from "../runtime/runtime.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import { loadTokenizer, type Tokenizer } from "../text/index.ts";
import { CONFIG, GENERATION_CONFIG } from "../weights/files/file-names.ts";
import {
  eachWeight,
  loadAdapter,
  type LoadedAdapter,
  loadWeights,
  readConfig,
  readGenerationConfig,
} from "../weights/index.ts";
import { readSentenceConfig, type SentenceConfig } from "./sentence-config.ts";
import { generationDefaults, type GenerationDefaults } from "./generation-config.ts";

/** A model and its weights. */
export interface LoadedNetwork {
  /** Where it was loaded from; undefined for one that was never on disk. */
  readonly directory?: string | undefined;
  /** The model as it is on disk. */
  readonly base: Model;
  readonly adapters: readonly Adapter[];
  /** The base with its adapters. */
  readonly model: Model;
  /** By the names of `model`. */
  readonly weights: ReadonlyMap<string, Buffer>;
}

/** A model that reads text, its weights and its tokenizer. */
export interface LoadedModel extends LoadedNetwork {
  readonly tokenizer: Tokenizer;
  /** What its generation_config.json asks for. */
  readonly generation: GenerationDefaults;
  /** What sentence-transformers wrote beside a model of vectors. */
  readonly sentence?: SentenceConfig | undefined;
}

/** A model that reads images, its weights and its image processor. */
export interface LoadedImageModel extends LoadedNetwork {
  readonly processor: ImageProcessor;
}

/** Which model is loaded; one of `directory` and `adapter` must be there. */
export interface LoadModelOptions {
  /** A Hugging Face directory; the one that the adapter names if absent. */
  readonly directory?: string | undefined;
  /** An adapter directory, as peft or flora wrote it. */
  readonly adapter?: string | undefined;
}

/**
 * Loads a model.
 *
 * @throws {UsageError} if a file is missing, the architecture is not supported, or the adapter is another model's.
 * @throws {FormatError} if a file is not what it should be.
 */
export async function loadModel(
  files: FileStore,
  runtime: Runtime,
  options: LoadModelOptions,
): Promise<LoadedModel> {
  const { network, home } = await loadNetwork(files, runtime, options);
  const { base } = network;
  if (base.task === "image-classification") {
    throw new UsageError(`${home}: a model for images, not for text; got the type ${base.type}`, {
      hint: "flora classify --image is for it",
    });
  }
  const tokenizer = await loadTokenizer(files, await companionHome(files, home, options));
  const generation = await readGeneration(files, home, { ...options, tokenizer });
  const sentence = base.task === "embedding" ? await readSentenceConfig(files, home) : undefined;
  return { ...network, tokenizer, generation, sentence };
}

/** The same of a model for images. */
export async function loadImageModel(
  files: FileStore,
  runtime: Runtime,
  options: LoadModelOptions,
): Promise<LoadedImageModel> {
  const { network, home } = await loadNetwork(files, runtime, options);
  const { base } = network;
  if (base.task !== "image-classification") {
    throw new UsageError(`${home}: a model for text, not for images; got the type ${base.type}`);
  }
  return { ...network, processor: await loadImageProcessor(files, home, imageInputOf(base)) };
}

/** The files of the tokenizer, or of the processor of images, of a model. */
export async function companionFiles(
  files: FileStore,
  home: string,
  { model, ...options }: LoadModelOptions & { readonly model: Model },
): Promise<ReadonlyMap<string, string>> {
  const isForImages = model.task === "image-classification";
  const companion = isForImages
    ? await loadImageProcessor(files, home, imageInputOf(model))
    : await loadTokenizer(files, await companionHome(files, home, options));
  return companion.files;
}

/** Where the tokenizer lies: an adapter that was saved with one learned the chat template that is there. */
async function companionHome(
  files: FileStore,
  home: string,
  { adapter }: LoadModelOptions,
): Promise<string> {
  if (adapter === undefined) return home;
  return (await exists(files, join(adapter, "tokenizer.json"))) ? adapter : home;
}

/** A model without what makes its inputs, and the directory of its base. */
export async function loadNetwork(
  files: FileStore,
  runtime: Runtime,
  { directory, adapter }: LoadModelOptions,
): Promise<{ readonly network: LoadedNetwork; readonly home: string }> {
  const loaded = adapter === undefined ? undefined : await loadAdapter(files, adapter);
  const home = directory ?? loaded?.config.base_model_name_or_path ?? undefined;
  if (home === undefined) {
    throw new UsageError(`${option("model")}: neither a directory nor an adapter that names one`, {
      hint: "give the directory of the model",
    });
  }
  const stored = modelFromConfig(await readConfig(files, home));
  const shapes = new Map([...stored.params].map(([name, { shape }]) => [name, shape] as const));
  const inUse = paramsInUse(stored);
  // A head that is missing is not to be drawn here.
  const optional = [...stored.params.keys()].filter((name) => !inUse.has(name));
  const options = { ...stored.checkpoint, optional };
  // What a device has a copy of is let go before the next is read.
  const tensorsOf = runtime.copies ? eachWeight : loadWeights;
  const { base, adapters, tensors } = loaded
    ? withAdapter(stored, await loadWeights(files, home, shapes, options), loaded)
    : { base: stored, adapters: [], tensors: await tensorsOf(files, home, shapes, options) };
  const weights = new Map<string, Buffer>();
  for await (const [name, tensor] of tensors) weights.set(name, runtime.adopt(tensor));
  const model = loaded ? adaptModel(base, adapters) : base;
  return { home, network: { directory: home, base, weights, adapters, model } };
}

/** The model of an adapter, which may know more tokens, and the weights of both. */
function withAdapter(
  stored: Model,
  tensors: Map<string, HostTensor>,
  { config, tensors: own }: LoadedAdapter,
): Pick<LoadedNetwork, "base" | "adapters"> & { readonly tensors: Map<string, HostTensor> } {
  const shapes = new Map([...own].map(([name, { shape }]) => [name, shape] as const));
  const base = modelForTokens(stored, config, shapes);
  const found = adaptersOf(base, config, shapes);
  const tokens = { start: stored.vocabularySize, end: base.vocabularySize };
  for (const name of vocabularyParams(stored)) {
    const [table, shape] = [tensors.get(name), base.params.get(name)?.shape];
    if (base !== stored && table && shape) tensors.set(name, withNewRows(table, shape, tokens));
  }
  for (const [name, storedName] of found.stored) {
    const tensor = own.get(storedName);
    if (tensor) tensors.set(name, tensor);
  }
  for (const [storedName, { weight, tokens: places }] of found.rows) {
    const [table, rows] = [tensors.get(weight), own.get(storedName)];
    if (table && rows) tensors.set(weight, withTokenRows(table, places, rows));
  }
  return { base, adapters: found.adapters, tensors };
}

async function readGeneration(
  files: FileStore,
  home: string,
  { adapter, tokenizer }: LoadModelOptions & { readonly tokenizer: Tokenizer },
): Promise<GenerationDefaults> {
  const { endOfText } = tokenizer;
  const found = await generationFields(files, home, adapter);
  return generationDefaults(found.fields, { path: found.path, endOfText });
}

/** What generation_config.json has, of the adapter or of its base; config.json where there is none. */
async function generationFields(files: FileStore, home: string, adapter: string | undefined) {
  for (const folder of adapter === undefined ? [home] : [adapter, home]) {
    const fields = await readGenerationConfig(files, folder);
    if (fields) return { fields, path: join(folder, GENERATION_CONFIG) };
  }
  return { fields: await readConfig(files, home), path: join(home, CONFIG) };
}
