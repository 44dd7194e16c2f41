/**
 * @file A run that can go on: weights, accumulators, optimizer state and position in one file, written atomically, so that they
 * always belong together. Random numbers need no state: they follow from the seed and the position.
 */

import { z } from "zod";
import { FormatError, option, UsageError } from "../../errors.ts";
import { exists } from "../../host/content.ts";
import type { FileStore } from "../../host/host.ts";
import { dirname, join } from "../../host/path.ts";
import { restore } from "../../runtime/buffers.ts";
import { readTensor } from "../../runtime/runtime.ts";
import { sameShape } from "../../tensor/shape.ts";
import { openSafetensors, writeSafetensors } from "../../weights/index.ts";
import { namedBuffers, type TrainState } from "../../engine/parts/state.ts";

/** How far a run has come. */
export interface Position {
  /** Steps done. */
  readonly step: number;
  /** Micro-steps done in the current step. */
  readonly microStep: number;
  /** Tokens whose loss is in the accumulators. */
  readonly lossTokens: number;
  /** Their loss, summed, in nats. */
  readonly lossSum: number;
}

export const START: Position = { step: 0, microStep: 0, lossTokens: 0, lossSum: 0 };

const positionSchema: z.ZodType<Position> = z.object({
  step: z.int().min(0),
  microStep: z.int().min(0),
  lossTokens: z.number(),
  lossSum: z.number(),
});

export const checkpointPath = (output: string): string =>
  join(output, "checkpoint", "state.safetensors");

export async function saveCheckpoint(
  files: FileStore,
  output: string,
  state: TrainState,
  position: Position,
): Promise<string> {
  const path = checkpointPath(output);
  await files.makeDirectory(dirname(path));
  const buffers = [...allBuffers(state)];
  const tensors = await Promise.all(
    buffers.map(async ([name, buffer]) => [name, await readTensor(buffer)] as const),
  );
  await writeSafetensors(files, path, tensors, {
    metadata: { position: JSON.stringify(position) },
  });
  return path;
}

/**
 * Restores a checkpoint into a state of the same model and options.
 *
 * @throws {UsageError} if there is none, or it belongs to other options.
 */
export async function loadCheckpoint(
  files: FileStore,
  output: string,
  state: TrainState,
): Promise<Position> {
  const path = checkpointPath(output);
  if (!(await exists(files, path))) {
    throw new UsageError(`${option("resume")}: no checkpoint; got ${path}`, {
      hint: `leave ${option("resume")} out to start anew`,
    });
  }
  const file = await openSafetensors(files, path);
  try {
    const buffers = allBuffers(state);
    const strange = [...file.tensors.keys()].find((name) => !buffers.has(name));
    if (strange !== undefined) throw otherOptions(path, `has ${strange}`);
    for (const [name, { shape }] of buffers) {
      const tensor = file.tensors.get(name);
      if (!tensor) throw otherOptions(path, `lacks ${name}`);
      if (!sameShape(tensor.shape, shape)) {
        throw otherOptions(
          path,
          `has ${name} as [${tensor.shape.join(", ")}], not [${shape.join(", ")}]`,
        );
      }
    }
    for (const [name, buffer] of buffers) restore(name, buffer, await file.read(name));
    const position = positionSchema.safeParse(JSON.parse(file.metadata["position"] ?? "null"));
    if (!position.success) throw new FormatError(path, "has no position");
    return position.data;
  } finally {
    await file.close();
  }
}

const otherOptions = (path: string, how: string): UsageError =>
  new UsageError(`resume: the checkpoint belongs to other options; got ${path}, which ${how}`, {
    hint: "give the options that the run was started with",
  });

export const removeCheckpoint = (files: FileStore, output: string): Promise<void> =>
  files.remove(dirname(checkpointPath(output)));

const allBuffers = (state: TrainState) =>
  new Map([
    ...[...state.weights].map(([name, buffer]) => [`weight/${name}`, buffer] as const),
    ...namedBuffers(state),
  ]);
