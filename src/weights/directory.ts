/**
 * @file Model directories as Hugging Face lays them out: config.json, and the weights in
 * model.safetensors or in shards that model.safetensors.index.json lists.
 */

import { access, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { FormatError, UsageError } from "../errors.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import { sameShape } from "../tensor/shape.ts";
import { errorCode, fileError } from "./file-error.ts";
import { describeJson, isJsonObject, type JsonObject, parseJson } from "./json.ts";
import { openSafetensors, type SafetensorsFile, type TensorInfo } from "./safetensors.ts";

export interface LoadWeightsOptions {
  /** A stored name may have, or lack, one of these in front, such as "transformer.". */
  readonly prefixes?: readonly string[];
  /** Stored names that may be left over; `*` stands for any characters: "h.*.attn.bias". */
  readonly ignore?: readonly string[];
}

/**
 * The content of `config.json`.
 *
 * @throws {FormatError} with the line as offset, if it is not a JSON object.
 * @throws {UsageError} if it cannot be read, or the directory holds an adapter.
 */
export async function readConfig(dir: string): Promise<Readonly<Record<string, unknown>>> {
  const path = join(dir, "config.json");
  if (!(await exists(path)) && (await exists(join(dir, "adapter_config.json")))) {
    throw new UsageError(`${dir}: holds an adapter, not a model`, {
      hint: `flora merge --adapter ${dir} --output DIR makes a model of it and its base`,
    });
  }
  return readJsonObject(path);
}

/**
 * Reads the tensors that a model expects, under the names it expects, floats as float32.
 *
 * @param expected - shape of each tensor
 * @throws {UsageError} that lists every missing, unexpected and misshapen tensor, before any data
 *   is read; or that tells what to do where the weights are absent or pickled.
 * @throws {FormatError} if a file breaks its format.
 */
export async function loadWeights(
  dir: string,
  expected: ReadonlyMap<string, readonly number[]>,
  options: LoadWeightsOptions = {},
): Promise<Map<string, HostTensor>> {
  const opened: SafetensorsFile[] = [];
  try {
    const stored = await openWeights(dir, opened);
    const matched = matchTensors(dir, stored, expected, options);
    const weights = new Map<string, HostTensor>();
    for (const [name, { file, storedName }] of matched) {
      weights.set(name, await file.read(storedName));
    }
    return weights;
  } finally {
    await Promise.all(opened.map((file) => file.close()));
  }
}

/** A tensor on disk, by the name it has there. */
interface StoredTensor {
  readonly storedName: string;
  readonly info: TensorInfo;
  readonly file: SafetensorsFile;
}

/** Opens all files of the weights, adding each to `opened`, whose owner closes them. */
async function openWeights(
  dir: string,
  opened: SafetensorsFile[],
): Promise<readonly StoredTensor[]> {
  const single = join(dir, "model.safetensors");
  const index = join(dir, "model.safetensors.index.json");
  if (await exists(single)) {
    const file = await openSafetensors(single);
    opened.push(file);
    return [...file.tensors].map(([storedName, info]) => ({ storedName, info, file }));
  }
  if (!(await exists(index))) throw await noWeights(dir);

  const stored: StoredTensor[] = [];
  for (const [shard, names] of await readIndex(index)) {
    const file = await openSafetensors(join(dir, shard));
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
export async function readIndex(path: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const { weight_map: map } = await readJsonObject(path);
  if (!isJsonObject(map)) {
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

const FLOATS: ReadonlySet<string> = new Set(["F16", "BF16", "F32", "F64"]);

/** Pairs expected names with stored tensors, and lists all that do not fit in one error. */
function matchTensors(
  dir: string,
  stored: readonly StoredTensor[],
  expected: ReadonlyMap<string, readonly number[]>,
  { prefixes = [], ignore = [] }: LoadWeightsOptions,
): ReadonlyMap<string, StoredTensor> {
  const bare = (name: string): string => {
    const prefix = prefixes.find((start) => name.startsWith(start));
    return prefix === undefined ? name : name.slice(prefix.length);
  };
  const expectedByBareName = new Map([...expected.keys()].map((name) => [bare(name), name]));
  const ignored = ignore.map(wildcard);

  const found = new Map<string, StoredTensor>();
  const unexpected: string[] = [];
  const twice: string[] = [];
  const wrong: string[] = [];
  for (const tensor of stored) {
    const { storedName, info } = tensor;
    const name = expected.has(storedName) ? storedName : expectedByBareName.get(bare(storedName));
    const shape = name === undefined ? undefined : expected.get(name);
    if (name === undefined || shape === undefined) {
      const names = [storedName, bare(storedName)];
      if (!ignored.some((pattern) => names.some((each) => pattern.test(each)))) {
        unexpected.push(storedName);
      }
      continue;
    }
    if (found.has(name)) twice.push(storedName);
    if (!sameShape(info.shape, shape)) {
      wrong.push(`${storedName} [${info.shape.join(", ")}] instead of [${shape.join(", ")}]`);
    } else if (!FLOATS.has(info.dtype)) {
      wrong.push(`${storedName} ${info.dtype} instead of a float`);
    }
    found.set(name, tensor);
  }

  const missing = [...expected.keys()].filter((name) => !found.has(name));
  const problems = [
    ["missing", missing],
    ["unexpected", unexpected],
    ["stored twice", twice],
    ["wrong", wrong],
  ] as const;
  const texts = problems.flatMap(([what, names]) =>
    names.length > 0 ? [`${what}: ${names.join(", ")}`] : [],
  );
  if (texts.length === 0) return new Map([...expected.keys()].flatMap((name) => pair(found, name)));
  throw new UsageError(`${dir}: weights do not fit the model; ${texts.join("; ")}`, {
    hint: "check that config.json belongs to these weights",
  });
}

const pair = <K, V>(map: ReadonlyMap<K, V>, key: K): readonly (readonly [K, V])[] => {
  const value = map.get(key);
  return value === undefined ? [] : [[key, value]];
};

/** A pattern in which `*` stands for any characters and everything else for itself. */
const wildcard = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .split("*")
      .map((text) => text.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"))
      .join(".*")}$`,
    "s",
  );

async function noWeights(dir: string): Promise<UsageError> {
  if (!(await exists(dir))) return new UsageError(`${dir}: no such directory`);
  const pickles = ["pytorch_model.bin", "pytorch_model.bin.index.json"];
  for (const name of pickles) {
    if (!(await exists(join(dir, name)))) continue;
    return new UsageError(
      `${dir}: holds only ${name}, a pickle, which runs code when it is loaded`,
      {
        hint: "save it again with save_pretrained(dir, safe_serialization=True), or take a safetensors revision",
      },
    );
  }
  return new UsageError(`${dir}: no model.safetensors and no model.safetensors.index.json`, {
    hint: "name a directory that save_pretrained or flora wrote",
  });
}

export async function readJsonObject(path: string): Promise<JsonObject> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw fileError(path, "cannot read", error);
  }
  const value = parseJson(path, "JSON", decodeUtf8(path, bytes));
  if (isJsonObject(value)) return value;
  throw new FormatError(path, `JSON: must be an object; got ${describeJson(value)}`, { offset: 1 });
}

function decodeUtf8(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FormatError(path, "JSON: not valid UTF-8", { cause });
  }
}

export async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw fileError(path, "cannot read", error);
  }
}

/** Whether `name` stays within the directory it is joined to, on every operating system. */
export const isPlainFileName = (name: string): boolean =>
  name !== "" && name !== "." && name !== ".." && !/[/\\:\0]/.test(name) && basename(name) === name;
