/**
 * @file The checkpoints of a run: the newest two are kept, so that one is left whatever becomes of the other. A file is named by its
 * position, and is there whole or not at all.
 */

import { FormatError, option, UsageError } from "../../errors.ts";
import { isAbsent } from "../../host/file-error.ts";
import type { FileStore } from "../../host/host.ts";
import { join } from "../../host/path.ts";
import type { TrainState } from "../../engine/parts/state.ts";
import {
  adoptCheckpoint,
  type CheckpointNote,
  type Position,
  readNote,
  restoreCheckpoint,
  writeCheckpoint,
} from "./checkpoint.ts";
import { removeLeftovers } from "./leftovers.ts";

/** Checkpoints that are kept. */
const KEPT = 2;

export const checkpointFolder = (output: string): string => join(output, "checkpoint");

const nameOf = ({ step, microStep }: Pick<Position, "microStep" | "step">): string => {
  const within = microStep === 0 ? "" : `.${microStep}`;
  return `step-${String(step).padStart(8, "0")}${within}.safetensors`;
};

/** Of before there were two. */
const OLD_NAME = "state.safetensors";

/** The place of a file in time, if it is a checkpoint. */
function placeOf(name: string): number | undefined {
  if (name === OLD_NAME) return -1;
  const [, step, microStep = "0"] = /^step-(\d{8,})(?:\.(\d+))?\.safetensors$/.exec(name) ?? [];
  return step === undefined ? undefined : Number(step) + Number(microStep) / 2 ** 20;
}

/** The paths of a run's checkpoints, the newest first. */
async function newestFirst(files: FileStore, output: string): Promise<readonly string[]> {
  const folder = checkpointFolder(output);
  const entries = await files.list(folder).catch((error: unknown) => {
    if (isAbsent(error)) return [];
    throw error;
  });
  return entries
    .flatMap(({ name }) => {
      const place = placeOf(name);
      return place === undefined ? [] : [{ path: join(folder, name), place }];
    })
    .toSorted((a, b) => b.place - a.place)
    .map(({ path }) => path);
}

export const hasCheckpoint = async (files: FileStore, output: string): Promise<boolean> =>
  (await newestFirst(files, output)).length > 0;

/**
 * Writes a checkpoint beside those that are there, and removes all but the one before it.
 *
 * @param kept - how many are left; those that are newer, since they were damaged, are not
 * @throws {UsageError} if it cannot be written; nothing was removed then.
 */
export async function saveCheckpoint(
  files: FileStore,
  output: string,
  state: TrainState,
  note: CheckpointNote,
  { kept = KEPT }: { readonly kept?: number | undefined } = {},
): Promise<void> {
  const folder = checkpointFolder(output);
  await files.makeDirectory(folder);
  await removeLeftovers(files, folder);
  const path = join(folder, nameOf(note.position));
  await writeCheckpoint(files, path, state, note);
  const all = await newestFirst(files, output);
  const own = all.indexOf(path);
  for (const [i, old] of all.entries()) {
    if (i < own || i >= own + kept) await files.remove(old);
  }
}

/** Removes the newest checkpoint; returns how many steps are done in the one before it, if there is one. */
export async function removeNewest(files: FileStore, output: string): Promise<number | undefined> {
  const [newest, older] = await newestFirst(files, output);
  if (newest !== undefined) await files.remove(newest);
  return older === undefined ? undefined : (await readNote(files, older)).position.step;
}

/** A checkpoint that a run goes on from. */
export interface FoundCheckpoint extends CheckpointNote {
  readonly path: string;
  /** Newer ones, which are damaged, and how. */
  readonly damaged: readonly FormatError[];
}

/**
 * What the newest sound checkpoint says, its tensors left alone.
 *
 * @throws {UsageError} if there is none.
 * @throws {FormatError} if all are damaged.
 */
export const findCheckpoint = (files: FileStore, output: string): Promise<FoundCheckpoint> =>
  firstSound(files, output, (path) => readNote(files, path));

/**
 * Restores the newest sound checkpoint into a state of the same model and options.
 *
 * @throws {UsageError} if there is none, or it belongs to other options.
 * @throws {FormatError} if all are damaged.
 */
export const loadCheckpoint = (
  files: FileStore,
  output: string,
  state: TrainState,
): Promise<FoundCheckpoint> =>
  firstSound(files, output, (path) => restoreCheckpoint(files, path, state));

/** The same of another run, of which no gradients are taken. */
export const adoptNewest = (
  files: FileStore,
  output: string,
  state: TrainState,
): Promise<FoundCheckpoint> =>
  firstSound(files, output, (path) => adoptCheckpoint(files, path, state));

async function firstSound(
  files: FileStore,
  output: string,
  read: (path: string) => Promise<CheckpointNote>,
): Promise<FoundCheckpoint> {
  const damaged: FormatError[] = [];
  for (const path of await newestFirst(files, output)) {
    try {
      return { ...(await read(path)), path, damaged };
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      damaged.push(error);
    }
  }
  if (damaged[0]) throw damaged[0];
  throw new UsageError(`${option("resume")}: no checkpoint; got ${checkpointFolder(output)}`, {
    hint: `leave ${option("resume")} out to start anew`,
  });
}

export const removeCheckpoints = (files: FileStore, output: string): Promise<void> =>
  files.remove(checkpointFolder(output));
