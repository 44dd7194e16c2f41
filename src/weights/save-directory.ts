/**
 * @file Weights and their configuration taking the place of others together.
 *
 *   1   every file is written, under a temporary name
 *   2   the old configuration is removed
 *   3   the files get their names; what they replace is removed
 *   4   the new configuration gets its name
 *
 * Without a configuration nothing loads, so that whatever stops 2 to 4 leaves a directory that is
 * refused, never a mixture of two models. If one file of weights is all that changes, its renaming
 * is enough.
 */

import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { stageFile, type StagedFile, syncDirectory } from "./atomic.ts";
import { errorCode, fileError } from "./file-error.ts";
import { type NamedTensor, writeTensors } from "./safetensors.ts";

export interface DirectoryFiles {
  /** The tensors of each file of weights. */
  readonly weights: ReadonlyMap<string, Iterable<NamedTensor>>;
  /** The file without which the directory does not load, and its content. */
  readonly config: readonly [file: string, content: string];
  readonly files: ReadonlyMap<string, Uint8Array | string>;
  /** Whether a file that is there already belongs to what these files replace. */
  readonly isStale?: (name: string) => boolean;
}

/**
 * Saves weights with their configuration, in place of those that may already be in `dir`.
 *
 * @throws {UsageError} as `saveModel` does.
 */
export async function saveDirectory(
  dir: string,
  { weights, config: [configFile, config], files, isStale = () => false }: DirectoryFiles,
): Promise<void> {
  const staged: StagedFile[] = [];
  const stage = async (name: string, write: Parameters<typeof stageFile>[1]): Promise<void> => {
    staged.push(await stageFile(join(dir, name), write));
  };

  try {
    await makeDirectory(dir);
    // All is written and on disk before anything is renamed, so a full disk costs nothing.
    for (const [name, tensors] of weights) {
      await stage(name, (handle) => writeTensors(handle, join(dir, name), tensors));
    }
    const changed = await changedFiles(dir, files);
    for (const [name, content] of changed) {
      await stage(name, (handle) => handle.writeFile(content));
    }
    const isOneRename = staged.length === 1 && (await holds(join(dir, configFile), config));
    if (isOneRename) return await replace(dir, staged, isStale);

    await stage(configFile, (handle) => handle.writeFile(config));
    await removeDurably(dir, [configFile]);
    await replace(dir, staged.slice(0, -1), isStale);
    await staged.at(-1)?.commit();
  } finally {
    for (const file of staged) await file.discard();
  }
}

/** Gives files their names, then removes what they replace: a single file is read before shards. */
async function replace(
  dir: string,
  staged: readonly StagedFile[],
  isStale: (name: string) => boolean,
): Promise<void> {
  for (const file of staged) await file.commit();
  await removeDurably(dir, (await readdir(dir)).filter(isStale));
}

/** The files that differ from what `dir` holds. */
async function changedFiles(
  dir: string,
  contents: ReadonlyMap<string, Uint8Array | string>,
): Promise<ReadonlyMap<string, Uint8Array | string>> {
  const changed = new Map<string, Uint8Array | string>();
  for (const [name, content] of contents) {
    if (!(await holds(join(dir, name), content))) changed.set(name, content);
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

async function removeDurably(dir: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    try {
      await rm(join(dir, name), { force: true });
    } catch (error) {
      throw fileError(join(dir, name), "cannot replace", error);
    }
  }
  if (names.length > 0) await syncDirectory(dir);
}

/** As JSON; the top-level fields in `floats` as Python writes its floats, 30.0 and not 30. */
export function formatJson(
  value: Readonly<Record<string, unknown>>,
  { floats = [] }: { readonly floats?: readonly string[] } = {},
): string {
  const text = JSON.stringify(value, null, 2);
  // A text has no line breaks in JSON, and fields of fields stand further right.
  const marked = text.replaceAll(/^ {2}"(\w+)": -?\d+(?=,?$)/gm, (line, name: string) =>
    floats.includes(name) ? `${line}.0` : line,
  );
  return `${marked}\n`;
}
