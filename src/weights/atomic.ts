/**
 * @file Files that appear whole or not at all.
 *
 * The content goes to a temporary sibling, is forced to disk and then renamed; a rename within a
 * directory is atomic (POSIX `rename`), and forcing the directory makes it outlast a power cut.
 */

import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { fileError } from "./file-error.ts";

/** A file that is on disk in full, under a temporary name. */
export interface StagedFile {
  /** Gives the file its name, in place of whatever had it. */
  readonly commit: () => Promise<void>;
  /** Removes the file; does nothing after `commit`. */
  readonly discard: () => Promise<void>;
}

/**
 * Writes `path` through `write`, leaving the old content in place until the new one is complete.
 *
 * @throws {UsageError} if the disk is full, the place is read-only or forbidden, and the like.
 */
export async function writeFileAtomic(
  path: string,
  write: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const staged = await stageFile(path, write);
  try {
    await staged.commit();
  } finally {
    await staged.discard();
  }
}

/** The first half of `writeFileAtomic`: everything but the change of name. */
export async function stageFile(
  path: string,
  write: (handle: FileHandle) => Promise<void>,
): Promise<StagedFile> {
  const temporary = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  const discard = (): Promise<void> => rm(temporary, { force: true });
  try {
    const handle = await open(temporary, "wx");
    try {
      await write(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    await discard();
    throw cannotWrite(path, error);
  }
  const commit = async (): Promise<void> => {
    try {
      await rename(temporary, path);
    } catch (error) {
      throw cannotWrite(path, error);
    }
    await syncDirectory(dirname(path));
  };
  return { commit, discard };
}

/** Makes renames and removals in `directory` durable. */
export async function syncDirectory(directory: string): Promise<void> {
  // Windows cannot open a directory, and orders its own metadata.
  if (process.platform === "win32") return;
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const cannotWrite = (path: string, error: unknown): unknown =>
  fileError(path, "cannot write, nothing was overwritten", error);
