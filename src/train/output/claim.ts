/** @file A run directory belongs to one run: it is claimed before anything is prepared, which also shows whether it can be written. */

import { option, UsageError } from "../../errors.ts";
import { isClaim } from "../../host/claim.ts";
import { errorCode, fileError } from "../../host/file-error.ts";
import type { FileStore, Lock } from "../../host/host.ts";
import { dirname, join, namesOf } from "../../host/path.ts";
import type { TrainConfig } from "../../options/config.ts";

const CLAIMED = "run";

/**
 * Claims the output directory of a run, which is made if it is not there.
 *
 * @throws {UsageError} if it cannot be written, another run writes there, or it holds something and may not be touched.
 */
export async function claimOutput(
  files: FileStore,
  { from, output, overwrite, resume }: TrainConfig,
): Promise<Lock> {
  if (from !== undefined && namesOf(from).join("/") === namesOf(output).join("/")) {
    throw new UsageError(
      `${option("output")}: must be another directory than that of ${option("from")}; got ${output}`,
      { hint: `${option("resume")} goes on with a run in its own directory` },
    );
  }
  const hint = `give another ${option("output")}, ${option("resume")} to go on, or ${option("overwrite")} to replace it`;
  await checkEmpty(files, output, { isFree: overwrite || resume, hint });
  return claimDirectory(files, output);
}

/**
 * Claims a directory, whatever it holds; it is made if it is not there.
 *
 * @throws {UsageError} if it cannot be written, or another run writes there.
 */
export async function claimDirectory(files: FileStore, output: string): Promise<Lock> {
  const made = await missing(files, output);
  const claim = await lockIn(files, output);
  return {
    async release() {
      await claim.release();
      // A run that was refused leaves nothing.
      for (const directory of made) if (!(await files.removeEmpty(directory))) return;
    },
  };
}

/** Whether a file in such a directory stands for a claim on it. */
export const isDirectoryClaim = (name: string): boolean => isClaim(name, CLAIMED);

/** A directory and those that it stands in, as far as they are not there, innermost first. */
async function missing(files: FileStore, directory: string): Promise<readonly string[]> {
  if ((await files.stat(directory)) !== undefined) return [];
  const parent = dirname(directory);
  return [directory, ...(parent === directory ? [] : await missing(files, parent))];
}

async function lockIn(files: FileStore, output: string): Promise<Lock> {
  try {
    await files.makeDirectory(output);
    const claim = await files.lock(join(output, CLAIMED));
    if ("release" in claim) return claim;
    const { machine, process, path } = claim;
    throw new UsageError(
      `${option("output")}: another run writes there, process ${process} of ${machine}; got ${output}`,
      { hint: `give another ${option("output")}; if that run has ended, remove ${path}` },
    );
  } catch (error) {
    throw fileError(output, "cannot write to the output directory", error);
  }
}

/** @throws {UsageError} if an output directory holds something, unless it is free to be written to, or cannot be read. */
export async function checkEmpty(
  files: FileStore,
  output: string,
  { isFree = false, hint }: { readonly isFree?: boolean; readonly hint: string },
): Promise<void> {
  const entries = await files.list(output).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return [];
    throw fileError(output, "opening the output directory", error);
  });
  if (isFree || entries.every(({ name }) => isDirectoryClaim(name))) return;
  throw new UsageError(`${option("output")}: the directory is not empty; got ${output}`, { hint });
}
