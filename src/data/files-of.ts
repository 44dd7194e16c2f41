/** @file Which files are meant: those that are named, all that a folder holds, and all that fit a glob. Hidden ones are left out. */

import { UsageError } from "../errors.ts";
import { fileError } from "../host/file-error.ts";
import type { FileEntry, FileInfo, FileStore } from "../host/host.ts";
import { join } from "../host/path.ts";
import { globOf } from "./formats/glob.ts";
import {
  type Formats,
  isReadable,
  oneOf,
  readableExtensions,
  STANDARD_INPUT,
} from "./formats/registry.ts";

/** Files in the order in which they are read. */
export interface FoundFiles {
  readonly paths: readonly string[];
  /** For each, which of the paths that were given stands for it, from 0 on. */
  readonly parts: readonly number[];
  /** Whether each was named by itself: two such may be a text and its translation. */
  readonly areNamed: boolean;
}

/**
 * The files that paths stand for. What comes of a folder or a glob is sorted, by code units.
 *
 * @throws {UsageError} if there are none in a folder or for a glob, or one may not look.
 */
export async function filesOf(
  files: FileStore,
  given: readonly string[],
  formats: Formats,
): Promise<FoundFiles> {
  const found: (readonly string[] | undefined)[] = [];
  for (const path of given) {
    const info = path === STANDARD_INPUT ? undefined : await look(files, path);
    if (info?.kind === "directory") found.push(await readableIn(files, path, formats));
    else if (info) found.push(undefined);
    else found.push(await fitting(files, path));
  }
  const all = given.map((path, i) => found[i] ?? [path]);
  return {
    paths: all.flat(),
    parts: all.flatMap((paths, part) => paths.map(() => part)),
    areNamed: found.every((paths) => paths === undefined),
  };
}

async function readableIn(
  files: FileStore,
  folder: string,
  formats: Formats,
): Promise<readonly string[]> {
  const paths = await allIn(files, folder);
  const readable = paths.filter((path) => isReadable(path, formats));
  if (readable.length > 0) return readable.map((path) => join(folder, path)).toSorted();
  const kinds = oneOf(readableExtensions(formats));
  throw new UsageError(`data: a folder must have ${kinds} files in it; got ${folder}`);
}

/** The files that fit a glob; undefined if a path is none. */
async function fitting(files: FileStore, path: string): Promise<readonly string[] | undefined> {
  const glob = await globOf(path);
  if (!glob) return undefined;
  const folder = glob.folder || ".";
  const isFolder = (await look(files, folder))?.kind === "directory";
  const paths = isFolder ? await allIn(files, folder, glob.levels) : [];
  const found = paths.filter((each) => glob.fits(each)).map((each) => join(glob.folder, each));
  if (found.length > 0) return found.toSorted();
  throw new UsageError(`data: there is no file for ${path}`, {
    hint: "files in folders within are meant by **, as in logs/**/*.jsonl",
  });
}

/** A folder within that many others is within itself, by a link. */
const MOST_LEVELS = 32;

/** What a folder holds, as paths from there, down to so many levels. */
async function allIn(
  files: FileStore,
  folder: string,
  levels: number = Infinity,
  level: number = 1,
): Promise<readonly string[]> {
  if (level > MOST_LEVELS) {
    throw new UsageError(`data: folders are ${MOST_LEVELS} deep at most; got ${folder}`);
  }
  const entries: readonly FileEntry[] = await files.list(folder).catch((error: unknown) => {
    throw fileError(folder, "cannot read", error);
  });
  const paths: string[] = [];
  for (const { name, kind } of entries) {
    if (name.startsWith(".")) continue;
    if (kind === "file") paths.push(name);
    else if (level < levels) {
      const within = await allIn(files, join(folder, name), levels, level + 1);
      paths.push(...within.map((path) => join(name, path)));
    }
  }
  return paths;
}

const look = (files: FileStore, path: string): Promise<FileInfo | undefined> =>
  files.stat(path).catch((error: unknown) => {
    throw fileError(path, "cannot read", error);
  });
