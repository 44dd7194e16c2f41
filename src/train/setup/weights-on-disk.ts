/**
 * @file `lowMemory`: weights that lie on disk while nobody computes with them. Their file has no name, and nobody reads it after the process:
 * what a run goes on from are its checkpoints, so that weights may be overwritten in place.
 */

import { option, UsageError } from "../../errors.ts";
import { errorCode, fileError } from "../../host/file-error.ts";
import type { FileStore, ScratchFile } from "../../host/host.ts";
import { dirname } from "../../host/path.ts";
import type { TrainConfig } from "../../options/config.ts";
import { onDisk } from "../../runtime/disk/on-disk.ts";
import type { RunContext } from "./run.ts";

/** A context in which weights lie on disk, and their file. */
export interface DiskContext {
  readonly context: RunContext;
  readonly disk: ScratchFile;
}

/**
 * Opens a file for the weights on the disk that the run writes to.
 *
 * @throws {UsageError} if there are no files without names here, or this one cannot be made.
 */
export async function openDisk(
  { output }: Pick<TrainConfig, "output">,
  context: RunContext,
): Promise<DiskContext> {
  const { files } = context.host;
  const directory = await existing(files, output);
  const disk = await files.scratch(directory).catch((error: unknown) => {
    if (errorCode(error) !== "ENOTSUP") throw fileError(directory, "cannot write", error);
    throw new UsageError(`${option("lowMemory")}: needs Node, where files may have no name`, {
      hint: `leave ${option("lowMemory")} out`,
    });
  });
  const told = tellingFile(disk, directory);
  return { disk, context: { ...context, runtime: onDisk(context.runtime, told) } };
}

/** The file, with errors in words where a person can do something about them. */
function tellingFile(file: ScratchFile, directory: string): ScratchFile {
  const telling = (what: string, work: () => void): void => {
    try {
      work();
    } catch (error) {
      throw fileError(directory, what, error);
    }
  };
  return {
    read: (begin, bytes) => telling("cannot read weights", () => file.read(begin, bytes)),
    write: (begin, bytes) => telling("cannot write weights", () => file.write(begin, bytes)),
    close: () => file.close(),
  };
}

/** A directory, or the innermost that is there of those that it would stand in: all are on one disk. */
export async function existing(files: FileStore, directory: string): Promise<string> {
  const parent = dirname(directory);
  const isThere = (await files.stat(directory)) !== undefined;
  return isThere || parent === directory ? directory : existing(files, parent);
}
