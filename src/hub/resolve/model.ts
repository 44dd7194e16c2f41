/**
 * @file Models by name: a directory, or a repository on the Hub of which the files that a model
 * needs are fetched: settings, tokenizer and safetensors, not the same weights in other formats.
 */

import { UsageError, option } from "../../errors.ts";
import { readJsonObject } from "../../files/read-json.ts";
import { exists } from "../../host/content.ts";
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
import { isCompanion } from "../model-files.ts";
import { parseRepository } from "../repository.ts";
import { someOf } from "../sentences.ts";
import { chooseGguf, type NamedFile, splitFile } from "./gguf-file.ts";
import { type Choice, fetchSnapshot, type HubOptions } from "../download/snapshot.ts";

export interface ModelOptions extends HubOptions {
  /** Whether weights are fetched too; true if absent. */
  readonly weights?: boolean;
  /** The option that names it, for who mistypes it; that of the model if absent. */
  readonly namedBy?: "adapter" | "teacher";
}

/**
 * The directory of a model or an adapter, or the GGUF file of a model: the one that is named, or one in the cache with
 * what was fetched from the Hub.
 *
 * @param name - a path that exists, or "owner/name", with "@revision" and ":FILE" of GGUF
 * @throws {UsageError} if it is neither, or cannot be fetched.
 */
export async function resolveModel(name: string, options: ModelOptions): Promise<string> {
  const { files } = options.host;
  if (await exists(files, name)) return name;
  const named = splitFile(name);
  const repository = parseRepository(named.name, "model");
  if (!repository) {
    throw new UsageError(
      `${option(options.namedBy ?? "model")}: neither a directory that exists nor a name on the Hub; got ${name}`,
      {
        hint: "a name on the Hub reads owner/name, owner/name@revision, or owner/name:FILE for one of several GGUF files",
      },
    );
  }
  const { rest, ...settings } = filesOfModel(files, named);
  const isWhole = options.weights ?? true;
  const choice = isWhole ? { ...settings, rest } : { ...settings, isPart: true };
  const snapshot = await fetchSnapshot(repository, choice, options);
  const gguf = chooseGguf(named, snapshot.files);
  return gguf === undefined ? snapshot.directory : join(snapshot.directory, gguf);
}

/** Names of models: directories, or repositories on the Hub. */
export interface ModelNames {
  /** The model; that of the adapter if absent. */
  readonly directory?: string | undefined;
  readonly adapter?: string | undefined;
}

/**
 * The directories of a model and its adapter. A base that the adapter names, and that is no
 * directory, is fetched too.
 *
 * @throws {UsageError} as `resolveModel` does.
 */
export async function resolveModels(
  { directory, adapter: adapterName }: ModelNames,
  options: HubOptions,
): Promise<ModelNames> {
  const adapter =
    adapterName === undefined
      ? undefined
      : await resolveModel(adapterName, { ...options, namedBy: "adapter" });
  const name = directory ?? (await baseOf(options.host.files, adapter));
  return {
    directory: name === undefined ? undefined : await resolveModel(name, options),
    adapter,
  };
}

/** The base that an adapter names, if it is one that has to be fetched. */
async function baseOf(files: FileStore, adapter: string | undefined): Promise<string | undefined> {
  const path = adapter === undefined ? undefined : join(adapter, ADAPTER_CONFIG);
  if (path === undefined || !(await exists(files, path))) return undefined;
  const { base_model_name_or_path: name } = await readJsonObject(files, path);
  return typeof name === "string" && parseRepository(name, "model") ? name : undefined;
}

/** Weights in Python's pickle format, whole or in shards. */
const PICKLE = /^(pytorch_model|adapter_model)(-\d+-of-\d+)?\.bin$|\.(ckpt|pt|pth)$/;

function filesOfModel(files: FileStore, named: NamedFile): Required<Omit<Choice, "isPart">> {
  const { name, file } = named;
  const ggufOf = (paths: readonly string[]): string | undefined => {
    const isOther = [WEIGHTS, INDEX, ADAPTER_CONFIG].some((path) => paths.includes(path));
    return isOther && file === undefined ? undefined : chooseGguf(named, paths);
  };
  return {
    first(paths) {
      const has = (path: string): boolean => paths.includes(path);
      const hasWeights = has(WEIGHTS) || has(INDEX);
      const isAdapter = has(ADAPTER_CONFIG) && !(has(CONFIG) && hasWeights);
      const gguf = ggufOf(paths);
      // It holds its settings, and its tokenizer.
      if (gguf !== undefined) return [gguf];
      if (!isAdapter && !has(CONFIG)) throw notAModel(name, paths);
      if (!(isAdapter ? has(ADAPTER_WEIGHTS) : hasWeights)) throw noSafetensors(name, paths);
      return paths.filter((path) => isCompanion(path) && (path !== INDEX || !has(WEIGHTS)));
    },
    async rest(paths, directory) {
      if (ggufOf(paths) !== undefined) return [];
      if (paths.includes(WEIGHTS)) return [WEIGHTS];
      if (!paths.includes(INDEX)) return [ADAPTER_WEIGHTS];
      return [...(await readIndex(files, join(directory, INDEX))).keys()];
    },
  };
}

const notAModel = (name: string, paths: readonly string[]): UsageError =>
  new UsageError(`${name}: not a model in the format of transformers, for it has no ${CONFIG}`, {
    hint: `it has ${someOf(paths)}`,
  });

function noSafetensors(name: string, paths: readonly string[]): UsageError {
  const pickle = paths.find((path) => PICKLE.test(path));
  const what =
    pickle === undefined
      ? "has no weights in safetensors"
      : `holds only ${pickle}, a pickle, which runs code when it is loaded`;
  const [repository] = name.split("@");
  const hint =
    pickle === undefined
      ? `it has ${someOf(paths)}`
      : `nothing was fetched; a pull request may have safetensors, ${repository}@refs/pr/N;` +
        " else save it with save_pretrained(dir, safe_serialization=True) where you trust it";
  return new UsageError(`${name}: ${what}`, { hint });
}
