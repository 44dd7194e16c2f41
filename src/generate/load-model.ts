/** @file A model from disk, with or without adapters, ready to run. */

import { join } from "node:path";
import { type Adapter, adaptersOf, adaptModel } from "../adapters/index.ts";
import { UsageError } from "../errors.ts";
import { type Model, paramsInUse } from "../models/model.ts";
import { modelFromConfig } from "../models/registry.ts";
import type { Buffer, Runtime } from "../runtime/runtime.ts";
import { loadTokenizer, type Tokenizer } from "../text/index.ts";
import { exists, readJsonObject } from "../weights/directory.ts";
import { loadAdapter, loadWeights, readConfig } from "../weights/index.ts";
import { generationDefaults, type GenerationDefaults } from "./generation-config.ts";

export interface LoadedModel {
  /** The model as it is on disk. */
  readonly base: Model;
  readonly adapters: readonly Adapter[];
  /** The base with its adapters. */
  readonly model: Model;
  /** By the names of `model`. */
  readonly weights: ReadonlyMap<string, Buffer>;
  readonly tokenizer: Tokenizer;
  /** What its generation_config.json asks for. */
  readonly generation: GenerationDefaults;
}

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
  runtime: Runtime,
  { directory, adapter }: LoadModelOptions,
): Promise<LoadedModel> {
  const loaded = adapter === undefined ? undefined : await loadAdapter(adapter);
  const home = directory ?? loaded?.config.base_model_name_or_path ?? undefined;
  if (home === undefined) {
    throw new UsageError("model: neither a directory nor an adapter that names one", {
      hint: "give the directory of the model",
    });
  }
  const config = await readConfig(home);
  const base = modelFromConfig(config);
  const tokenizer = await loadTokenizer(home);
  const generation = await readGeneration(home, config, tokenizer);
  const shapes = new Map([...base.params].map(([name, { shape }]) => [name, shape] as const));
  const inUse = paramsInUse(base);
  // A head that is missing is not to be drawn here.
  const optional = [...base.params.keys()].filter((name) => !inUse.has(name));
  const tensors = await loadWeights(home, shapes, { ...base.checkpoint, optional });
  const weights = new Map([...tensors].map(([name, tensor]) => [name, runtime.adopt(tensor)]));
  if (!loaded) return { base, adapters: [], model: base, weights, tokenizer, generation };

  const stored = new Map([...loaded.tensors].map(([name, { shape }]) => [name, shape] as const));
  const found = adaptersOf(base, loaded.config, stored);
  for (const [name, storedName] of found.stored) {
    const tensor = loaded.tensors.get(storedName);
    if (tensor) weights.set(name, runtime.adopt(tensor));
  }
  const { adapters } = found;
  const model = adaptModel(base, adapters);
  return { base, adapters, model, weights, tokenizer, generation };
}

async function readGeneration(
  home: string,
  config: Readonly<Record<string, unknown>>,
  { endOfText }: Tokenizer,
): Promise<GenerationDefaults> {
  const path = join(home, "generation_config.json");
  if (await exists(path)) {
    return generationDefaults(await readJsonObject(path), { path, endOfText });
  }
  return generationDefaults(config, { path: join(home, "config.json"), endOfText });
}
