/**
 * @file Model directories as Hugging Face lays them out: config.json, and the weights in
 * model.safetensors or in shards that model.safetensors.index.json lists. A GGUF file stands for such a directory.
 */

import { FormatError, UsageError } from "../errors.ts";
import { describeJson, isObject } from "../files/json.ts";
import { readJsonObject } from "../files/read-json.ts";
import { exists } from "../host/content.ts";
import type { FileStore } from "../host/host.ts";
import { basename, join } from "../host/path.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import { sameShape } from "../tensor/shape.ts";
import { ADAPTER_CONFIG, CONFIG, GENERATION_CONFIG, INDEX, WEIGHTS } from "./files/file-names.ts";
import { matchTensors, type MatchOptions, type StoredTensor, tiedCopies } from "./match-tensors.ts";
import { fileAsModelError, onlyOtherFormat } from "./files/other-formats.ts";
import { ggufConfigs, openGgufWeights } from "./gguf.ts";
import { openSafetensors, type ReadOptions, type WeightsFile } from "./files/safetensors.ts";

/** How the tensors of a checkpoint are matched and read. */
export interface LoadWeightsOptions extends MatchOptions, ReadOptions {}

/**
 * The content of `config.json`, or what the metadata of a GGUF file comes to.
 *
 * @throws {FormatError} with the line as offset, if it is not a JSON object.
 * @throws {UsageError} if it cannot be read, or the directory holds an adapter.
 */
export async function readConfig(
  files: FileStore,
  dir: string,
): Promise<Readonly<Record<string, unknown>>> {
  const gguf = await ggufConfigs(files, dir);
  if (gguf) return gguf.config;
  const path = join(dir, CONFIG);
  const found = await files.stat(dir).catch(() => undefined);
  if (found?.kind === "file") throw fileAsModelError(dir, basename(dir));
  if (!(await exists(files, path)) && (await exists(files, join(dir, ADAPTER_CONFIG)))) {
    throw new UsageError(`${dir}: holds an adapter, not a model`, {
      hint: `flora merge --adapter ${dir} --output DIR makes a model of it and its base`,
    });
  }
  const other = found && !(await exists(files, path)) && (await onlyOtherFormat(files, dir));
  if (other) throw other;
  return readJsonObject(files, path);
}

/**
 * The content of `generation_config.json`; undefined if there is none.
 *
 * @throws {FormatError} with the line as offset, if it is not a JSON object.
 */
export async function readGenerationConfig(
  files: FileStore,
  dir: string,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const gguf = await ggufConfigs(files, dir);
  if (gguf) return gguf.generationConfig;
  const path = join(dir, GENERATION_CONFIG);
  return (await exists(files, path)) ? readJsonObject(files, path) : undefined;
}

/**
 * Reads the tensors that a model expects, under the names it expects, floats as float32; those that are neighbours in a file may share
 * memory.
 *
 * @param expected - shape of each tensor
 * @throws {UsageError} that lists every missing, unexpected and misshapen tensor, before any data
 *   is read; or that tells what to do where the weights are absent or pickled.
 * @throws {FormatError} if a file breaks its format.
 */
export async function loadWeights(
  files: FileStore,
  dir: string,
  expected: ReadonlyMap<string, readonly number[]>,
  options: LoadWeightsOptions = {},
): Promise<Map<string, HostTensor>> {
  const weights = new Map<string, HostTensor>();
  const matched = readMatched({ files, dir, expected, options, together: true });
  for await (const [name, tensor] of matched) weights.set(name, tensor);
  return weights;
}

/**
 * The tensors of `loadWeights` one by one, in the order of `expected`: whoever converts them never
 * holds them all as they are stored. Each is read when it is asked for.
 *
 * @throws {UsageError | FormatError} as `loadWeights` does, before the first tensor.
 */
export function eachWeight(
  files: FileStore,
  dir: string,
  expected: ReadonlyMap<string, readonly number[]>,
  options: LoadWeightsOptions = {},
): AsyncGenerator<readonly [name: string, tensor: HostTensor], void, undefined> {
  return readMatched({ files, dir, expected, options, together: false });
}

interface Wanted {
  readonly files: FileStore;
  readonly dir: string;
  readonly expected: ReadonlyMap<string, readonly number[]>;
  readonly options: LoadWeightsOptions;
  /** Whether all are kept, so that they may share memory. */
  readonly together: boolean;
}

async function* readMatched({
  files,
  dir,
  expected,
  options,
  together,
}: Wanted): AsyncGenerator<readonly [name: string, tensor: HostTensor], void, undefined> {
  const opened: WeightsFile[] = [];
  try {
    const stored = await openWeights(files, dir, opened);
    const matched = [...matchTensors(dir, stored, expected, options)];
    const names = new Set(matched.map(([, { storedName }]) => storedName));
    const reading = together ? { ...options, together: names } : options;
    for (const [name, tensor] of matched) {
      const { file, storedName } = tensor;
      const copies = tiedCopies(stored, name, options).filter((copy) => copy !== tensor);
      for (const copy of copies) await checkCopy(dir, tensor, copy);
      yield [name, await file.read(storedName, reading)];
    }
  } finally {
    await Promise.all(opened.map((file) => file.close()));
  }
}

/** @throws {UsageError} if a tensor that is thrown away, because another is to be the same, is not the same. */
async function checkCopy(dir: string, tensor: FiledTensor, copy: FiledTensor): Promise<void> {
  const isSame =
    sameShape(tensor.info.shape, copy.info.shape) &&
    sameNumbers(await tensor.file.read(tensor.storedName), await copy.file.read(copy.storedName));
  if (isSame) return;
  const what = `${copy.storedName} differs from ${tensor.storedName}`;
  throw new UsageError(`${dir}: ${what}, though config.json says that they are one`, {
    hint: "set tie_word_embeddings to false in config.json if the model was trained with two",
  });
}

const sameNumbers = ({ data: a }: HostTensor, { data: b }: HostTensor): boolean =>
  a.every((each: number | bigint, i) => Object.is(each, b[i]) || each === b[i]);

/** A tensor on disk, and the file it is in. */
interface FiledTensor extends StoredTensor {
  readonly file: WeightsFile;
}

/** Opens all files of the weights, adding each to `opened`, whose owner closes them. */
async function openWeights(
  files: FileStore,
  dir: string,
  opened: WeightsFile[],
): Promise<readonly FiledTensor[]> {
  const single = join(dir, WEIGHTS);
  const index = join(dir, INDEX);
  const whole =
    (await openGgufWeights(files, dir)) ??
    ((await exists(files, single)) ? await openSafetensors(files, single) : undefined);
  if (whole) {
    opened.push(whole);
    return [...whole.tensors].map(([storedName, info]) => ({ storedName, info, file: whole }));
  }
  if (!(await exists(files, index))) throw await noWeights(files, dir);

  const stored: FiledTensor[] = [];
  for (const [shard, names] of await readIndex(files, index)) {
    if (!(await exists(files, join(dir, shard)))) {
      throw new UsageError(`${index}: names the file ${shard}, which is not there`, {
        hint: "fetch the model again; a download may have been broken off",
      });
    }
    const file = await openSafetensors(files, join(dir, shard));
    opened.push(file);
    for (const storedName of names) {
      const info = file.tensors.get(storedName);
      if (info === undefined) {
        const tensor = `tensor ${JSON.stringify(storedName)}`;
        throw new FormatError(index, `weight_map: ${tensor} is not in ${shard}`);
      }
      stored.push({ storedName, info, file });
    }
  }
  return stored;
}

/** The names of the tensors in each shard. */
export async function readIndex(
  files: FileStore,
  path: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { weight_map: map } = await readJsonObject(files, path);
  if (!isObject(map)) {
    throw new FormatError(path, `weight_map: must be an object; got ${describeJson(map)}`);
  }
  const shards = new Map<string, string[]>();
  for (const [name, shard] of Object.entries(map)) {
    if (typeof shard !== "string" || !isPlainFileName(shard)) {
      const what = `weight_map: file of tensor ${JSON.stringify(name)} must be a plain file name`;
      throw new FormatError(path, `${what}; got ${describeJson(shard)}`);
    }
    const names = shards.get(shard);
    if (names === undefined) shards.set(shard, [name]);
    else names.push(name);
  }
  return shards;
}

async function noWeights(files: FileStore, dir: string): Promise<UsageError> {
  if (!(await exists(files, dir))) return new UsageError(`${dir}: no such directory`);
  const other = await onlyOtherFormat(files, dir);
  if (other) return other;
  return new UsageError(`${dir}: no ${WEIGHTS} and no ${INDEX}`, {
    hint: "name a directory that save_pretrained or flora wrote",
  });
}

/** Whether `name` stays within the directory it is joined to, on every operating system. */
export const isPlainFileName = (name: string): boolean =>
  name !== "" && name !== "." && name !== ".." && !/[/\\:\0]/.test(name);
