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

import { stageFile, type StagedFile, type Write } from "../host/atomic.ts";
import { readBytes } from "../host/content.ts";
import { isAbsent, fileError } from "../host/file-error.ts";
import type { FileStore } from "../host/host.ts";
import { dirname, join } from "../host/path.ts";
import { type NamedTensor, writeTensors } from "./files/safetensors.ts";

export interface DirectoryFiles {
  /** The tensors of each file of weights. */
  readonly weights: ReadonlyMap<string, Iterable<NamedTensor>>;
  /** The file without which the directory does not load, and its content. */
  readonly config: readonly [file: string, content: string];
  /** By their paths in the directory. */
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
  store: FileStore,
  dir: string,
  { weights, config: [configFile, config], files, isStale = () => false }: DirectoryFiles,
): Promise<void> {
  const staged: StagedFile[] = [];
  const stage = async (name: string, write: Write): Promise<void> => {
    staged.push(await stageFile(store, join(dir, name), write));
  };

  try {
    await makeDirectory(store, dir);
    // All is written and on disk before anything is renamed, so a full disk costs nothing.
    for (const [name, tensors] of weights) {
      await stage(name, (file) => writeTensors(store, file, join(dir, name), tensors));
    }
    const changed = await changedFiles(store, dir, files);
    for (const [name, content] of changed) {
      if (name.includes("/")) await makeDirectory(store, dirname(join(dir, name)));
      await stage(name, (file) => file.write(content));
    }
    const isOneRename = staged.length === 1 && (await holds(store, join(dir, configFile), config));
    if (isOneRename) return await replace(store, dir, staged, isStale);

    await stage(configFile, (file) => file.write(config));
    await removeDurably(store, dir, [configFile]);
    await replace(store, dir, staged.slice(0, -1), isStale);
    await staged.at(-1)?.commit();
  } finally {
    for (const file of staged) await file.discard();
  }
}

/** Gives files their names, then removes what they replace: a single file is read before shards. */
async function replace(
  store: FileStore,
  dir: string,
  staged: readonly StagedFile[],
  isStale: (name: string) => boolean,
): Promise<void> {
  for (const file of staged) await file.commit();
  await removeDurably(store, dir, (await store.list(dir)).map(({ name }) => name).filter(isStale));
}

/** The files that differ from what `dir` holds. */
async function changedFiles(
  store: FileStore,
  dir: string,
  contents: ReadonlyMap<string, Uint8Array | string>,
): Promise<ReadonlyMap<string, Uint8Array | string>> {
  const changed = new Map<string, Uint8Array | string>();
  for (const [name, content] of contents) {
    if (!(await holds(store, join(dir, name), content))) changed.set(name, content);
  }
  return changed;
}

async function holds(
  store: FileStore,
  path: string,
  content: Uint8Array | string,
): Promise<boolean> {
  const wanted = typeof content === "string" ? new TextEncoder().encode(content) : content;
  try {
    const found = await readBytes(store, path);
    return found.length === wanted.length && found.every((byte, i) => byte === wanted[i]);
  } catch (error) {
    if (isAbsent(error)) return false;
    throw fileError(path, "cannot read", error);
  }
}

async function makeDirectory(store: FileStore, dir: string): Promise<void> {
  try {
    await store.makeDirectory(dir);
  } catch (error) {
    throw fileError(dir, "cannot create the directory", error);
  }
}

async function removeDurably(
  store: FileStore,
  dir: string,
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    try {
      await store.remove(join(dir, name));
    } catch (error) {
      throw fileError(join(dir, name), "cannot replace", error);
    }
  }
  if (names.length > 0) await store.syncDirectory(dir);
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
