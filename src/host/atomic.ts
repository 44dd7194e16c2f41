/**
 * @file Files that appear whole or not at all.
 *
 * The content goes to a temporary sibling, is forced to disk and then renamed; a rename within a
 * directory is atomic (POSIX `rename`), and forcing the directory makes it outlast a power cut.
 */

import { errorCode, fileError } from "./file-error.ts";
import type { FileStore, NewFile } from "./host.ts";
import { dirname } from "./path.ts";

/** A file that is on disk in full, under a temporary name. */
export interface StagedFile {
  /** Gives the file its name, in place of whatever had it. */
  readonly commit: () => Promise<void>;
  /** Removes the file; does nothing after `commit`. */
  readonly discard: () => Promise<void>;
}

const TEMPORARY = ".tmp";

/** Whether a file is one that was not finished. */
export const isTemporary = (name: string): boolean =>
  /\.[0-9a-f]{8}$/.test(name.slice(0, -TEMPORARY.length)) && name.endsWith(TEMPORARY);

/** Writes the content of a file. */
export type Write = (file: NewFile) => Promise<void>;

/**
 * Writes `path` through `write`, leaving the old content in place until the new one is complete.
 *
 * @throws {UsageError} if the disk is full, the place is read-only or forbidden, and the like.
 */
export async function writeFileAtomic(files: FileStore, path: string, write: Write): Promise<void> {
  const staged = await stageFile(files, path, write);
  try {
    await staged.commit();
  } finally {
    await staged.discard();
  }
}

/** The first half of `writeFileAtomic`: everything but the change of name. */
export async function stageFile(files: FileStore, path: string, write: Write): Promise<StagedFile> {
  let temporary: string | undefined;
  const discard = async (): Promise<void> => {
    if (temporary !== undefined) await files.remove(temporary);
    temporary = undefined;
  };
  try {
    const created = await createTemporary(files, path);
    temporary = created.temporary;
    try {
      await write(created.file);
      await created.file.sync();
    } finally {
      await created.file.close();
    }
  } catch (error) {
    await discard();
    throw cannotWrite(path, error);
  }
  const commit = async (): Promise<void> => {
    if (temporary === undefined) throw new Error(`internal: ${path} has no temporary file`);
    try {
      await files.rename(temporary, path);
    } catch (error) {
      throw cannotWrite(path, error);
    }
    // The name may be somebody else's from here on.
    temporary = undefined;
    await files.syncDirectory(dirname(path));
  };
  return { commit, discard };
}

/** A sibling that nobody else has: `create` gives a name to one only. */
async function createTemporary(
  files: FileStore,
  path: string,
): Promise<{ readonly temporary: string; readonly file: NewFile }> {
  for (let count = 0; ; count++) {
    const temporary = `${path}.${count.toString(16).padStart(8, "0")}${TEMPORARY}`;
    try {
      return { temporary, file: await files.create(temporary) };
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
    }
  }
}

const cannotWrite = (path: string, error: unknown): unknown =>
  fileError(path, "cannot write, nothing was overwritten", error);
