/**
 * @file Writing a model directory that Hugging Face tools load: config.json, generation_config.json,
 * tokenizer files and model.safetensors.
 */

import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "../errors.ts";
import { stageFile, type StagedFile, syncDirectory } from "./atomic.ts";
import { isPlainFileName } from "./directory.ts";
import { errorCode, fileError } from "./file-error.ts";
import { type WritableTensor, writeTensors } from "./safetensors.ts";

export interface ModelFiles {
  readonly config: Readonly<Record<string, unknown>>;
  readonly generationConfig?: Readonly<Record<string, unknown>>;
  readonly weights: Iterable<readonly [name: string, tensor: WritableTensor]>;
  /** Further files, such as those of the tokenizer, by name. */
  readonly files?: ReadonlyMap<string, Uint8Array | string>;
}

/**
 * Saves a model, in place of the one that may already be in `dir`.
 *
 * @throws {UsageError} if the disk is full or the directory cannot be written, and the like; the
 *   previous model is then still there.
 */
export async function saveModel(dir: string, model: ModelFiles): Promise<void> {
  await saveDirectory(dir, {
    weights: [WEIGHTS, model.weights],
    config: [CONFIG, model.config],
    files: furtherFiles(dir, model),
  });
}

export interface DirectoryFiles {
  /** The file of the tensors, and the tensors. */
  readonly weights: readonly [
    file: string,
    tensors: Iterable<readonly [name: string, tensor: WritableTensor]>,
  ];
  /** The file without which the directory does not load, and its content. */
  readonly config: readonly [file: string, content: Readonly<Record<string, unknown>>];
  readonly files: ReadonlyMap<string, Uint8Array | string>;
}

/**
 * Saves weights with their configuration, in place of those that may already be in `dir`.
 *
 * @throws {UsageError} as `saveModel` does.
 */
export async function saveDirectory(
  dir: string,
  { weights: [weightsFile, tensors], config: [configFile, config], files }: DirectoryFiles,
): Promise<void> {
  const contents = new Map([...files, [configFile, formatJson(config)]]);
  const staged: StagedFile[] = [];
  const stage = async (name: string, write: Parameters<typeof stageFile>[1]): Promise<void> => {
    staged.push(await stageFile(join(dir, name), write));
  };

  try {
    await makeDirectory(dir);
    // All is written and on disk before anything is renamed, so a full disk costs nothing. A model
    // without its config does not load: it goes first and comes last, and whatever stops the
    // renames between leaves a directory that is refused, never old weights under a new config.
    const changed = await changedFiles(dir, contents, configFile);
    const weightsPath = join(dir, weightsFile);
    await stage(weightsFile, (handle) => writeTensors(handle, weightsPath, tensors));
    for (const [name, content] of changed) {
      await stage(name, (handle) => handle.writeFile(content));
    }
    if (changed.size > 0) await removeDurably(dir, configFile);
    for (const file of staged) await file.commit();
  } finally {
    for (const file of staged) await file.discard();
  }
}

const CONFIG = "config.json";
const GENERATION_CONFIG = "generation_config.json";
const WEIGHTS = "model.safetensors";
const RESERVED: ReadonlySet<string> = new Set([
  CONFIG,
  GENERATION_CONFIG,
  WEIGHTS,
  `${WEIGHTS}.index.json`,
]);

/** Every file but the weights and config.json. */
function furtherFiles(
  dir: string,
  { generationConfig, files = new Map() }: ModelFiles,
): ReadonlyMap<string, Uint8Array | string> {
  const contents = new Map<string, Uint8Array | string>();
  for (const [name, content] of files) {
    if (!isPlainFileName(name) || RESERVED.has(name)) {
      throw new UsageError(`${dir}: cannot save a further file under this name; got ${name}`);
    }
    contents.set(name, content);
  }
  if (generationConfig !== undefined) contents.set(GENERATION_CONFIG, formatJson(generationConfig));
  return contents;
}

/**
 * The files that differ from what `dir` holds, and the config with them; empty if there are none,
 * in which case the new weights can take their place in a single rename.
 */
async function changedFiles(
  dir: string,
  contents: ReadonlyMap<string, Uint8Array | string>,
  configFile: string,
): Promise<ReadonlyMap<string, Uint8Array | string>> {
  const changed = new Map<string, Uint8Array | string>();
  for (const [name, content] of contents) {
    const must = name === configFile && changed.size > 0;
    if (must || !(await holds(join(dir, name), content))) changed.set(name, content);
  }
  return changed;
}

async function holds(path: string, content: Uint8Array | string): Promise<boolean> {
  try {
    return Buffer.from(content).equals(await readFile(path));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw fileError(path, "cannot read", error);
  }
}

async function makeDirectory(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    throw fileError(dir, "cannot create the directory", error);
  }
}

async function removeDurably(dir: string, name: string): Promise<void> {
  try {
    await rm(join(dir, name), { force: true });
    await syncDirectory(dir);
  } catch (error) {
    throw fileError(join(dir, name), "cannot replace", error);
  }
}

const formatJson = (value: Readonly<Record<string, unknown>>): string =>
  `${JSON.stringify(value, null, 2)}\n`;
