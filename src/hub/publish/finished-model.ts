/**
 * @file What of a directory makes a model for others: all that it needs, and nothing of the run.
 */

import { option, UsageError } from "../../errors.ts";
import { describeJson, type JsonObject } from "../../files/json.ts";
import { readJsonObject } from "../../files/read-json.ts";
import { exists } from "../../host/content.ts";
import { fileError } from "../../host/file-error.ts";
import type { FileStore } from "../../host/host.ts";
import { join } from "../../host/path.ts";
import { readIndex } from "../../weights/directory.ts";
import {
  ADAPTER_CONFIG,
  ADAPTER_WEIGHTS,
  CONFIG,
  INDEX,
  WEIGHTS,
} from "../../weights/files/file-names.ts";
import { repositoryOfPath, sizeOf } from "../cache.ts";
import { isCompanion, README } from "../model-files.ts";
import { parseRepository } from "../repository.ts";
import { StoredBlob } from "../stored-blob.ts";
import { readTrainingRecord, type TrainingRecord } from "./training-record.ts";

export interface ModelFile {
  /** In the repository. */
  readonly path: string;
  readonly content: Blob;
}

export interface FinishedModel {
  readonly files: readonly ModelFile[];
  readonly isAdapter: boolean;
  /** config.json, or adapter_config.json. */
  readonly config: JsonObject;
  readonly record: TrainingRecord | undefined;
  /** Name on the Hub of the model that was trained. */
  readonly baseModel: string | undefined;
}

/**
 * The files of a model or an adapter.
 *
 * @param base - name on the Hub of its base, where the directory does not tell
 * @throws {UsageError} if a file is missing, or it is an adapter of a model that others do not
 *   have.
 */
export async function openFinishedModel(
  store: FileStore,
  directory: string,
  base?: string,
): Promise<FinishedModel> {
  const names = await readNames(store, directory);
  const isAdapter = names.includes(ADAPTER_CONFIG) && !names.includes(CONFIG);
  const configName = isAdapter ? ADAPTER_CONFIG : CONFIG;
  if (!names.includes(configName)) throw unfinished(directory, names, CONFIG);
  const weights = isAdapter ? [ADAPTER_WEIGHTS] : await weightsOf(store, directory, names);
  const missing = weights.find((name) => !names.includes(name));
  if (missing !== undefined) throw unfinished(directory, names, missing);

  const config = await readJsonObject(store, join(directory, configName));
  const record = await readTrainingRecord(store, directory);
  const trained = record?.config["model"];
  const known = typeof trained === "string" ? repositoryOfPath(trained)?.name : undefined;
  const baseModel = base ?? (isAdapter ? await baseOfAdapter(store, directory, config) : known);
  const kept = names.filter(
    (name) => name === README || (isCompanion(name) && !(name === INDEX && weights[0] === WEIGHTS)),
  );
  const files = await Promise.all(
    [...kept, ...weights].map(async (path): Promise<ModelFile> => {
      if (path === ADAPTER_CONFIG) return adapterConfig(config, baseModel);
      const file = join(directory, path);
      return { path, content: new StoredBlob(store, file, 0, (await sizeOf(store, file)) ?? 0) };
    }),
  );
  return { files, isAdapter, config, record, baseModel };
}

async function readNames(store: FileStore, directory: string): Promise<readonly string[]> {
  try {
    return (await store.list(directory)).map(({ name }) => name);
  } catch (error) {
    throw fileError(directory, "cannot read the model", error);
  }
}

async function weightsOf(
  store: FileStore,
  directory: string,
  names: readonly string[],
): Promise<readonly string[]> {
  if (names.includes(WEIGHTS) || !names.includes(INDEX)) return [WEIGHTS];
  return [...(await readIndex(store, join(directory, INDEX))).keys()];
}

const unfinished = (directory: string, names: readonly string[], missing: string): UsageError =>
  new UsageError(`${directory}: not a finished model, for it has no ${missing}`, {
    hint: names.includes("checkpoint")
      ? `it has a checkpoint: a run with ${option("resume")} goes on with it`
      : "name a directory that flora train, flora merge or save_pretrained left",
  });

/** The base that an adapter names, by a name that means the same to others. */
async function baseOfAdapter(
  store: FileStore,
  directory: string,
  config: JsonObject,
): Promise<string> {
  const { base_model_name_or_path: base = null } = config;
  if (typeof base === "string") {
    const cached = repositoryOfPath(base);
    if (cached) return cached.name;
    if (parseRepository(base, "model") && !(await exists(store, base))) return base;
  }
  const got = describeJson(base);
  const path = join(directory, ADAPTER_CONFIG);
  throw new UsageError(`${path}: names no base model that others have; got ${got}`, {
    hint: `give its name on the Hub: ${option("baseModel", "owner/name")}`,
  });
}

function adapterConfig(config: JsonObject, baseModel: string | undefined): ModelFile {
  const named = { ...config, base_model_name_or_path: baseModel ?? null };
  const content = new Blob([`${JSON.stringify(named, null, 2)}\n`]);
  return { path: ADAPTER_CONFIG, content };
}
