/**
 * @file A run that can go on: weights, accumulators, optimizer state and position in one file, written atomically, so that they
 * always belong together. Random numbers need no state: they follow from the seed and the position.
 */

import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { FormatError, UsageError } from "../errors.ts";
import { readTensor } from "../runtime/runtime.ts";
import { openSafetensors, writeSafetensors } from "../weights/index.ts";
import { namedBuffers, type Position, restore, type TrainState } from "./state.ts";

const positionSchema: z.ZodType<Position> = z.object({
  step: z.int().min(0),
  microStep: z.int().min(0),
  lossTokens: z.number(),
  lossSum: z.number(),
});

export const checkpointPath = (output: string): string =>
  join(output, "checkpoint", "state.safetensors");

export async function saveCheckpoint(
  output: string,
  state: TrainState,
  position: Position,
): Promise<string> {
  const path = checkpointPath(output);
  await mkdir(dirname(path), { recursive: true });
  const buffers = [...allBuffers(state)];
  const tensors = await Promise.all(
    buffers.map(async ([name, buffer]) => [name, await readTensor(buffer)] as const),
  );
  await writeSafetensors(path, tensors, { metadata: { position: JSON.stringify(position) } });
  return path;
}

/**
 * Restores a checkpoint into a state of the same model and options.
 *
 * @throws {UsageError} if there is none, or it belongs to other options.
 */
export async function loadCheckpoint(output: string, state: TrainState): Promise<Position> {
  const path = checkpointPath(output);
  if (!existsSync(path)) {
    throw new UsageError(`resume: no checkpoint; got ${path}`, {
      hint: "leave --resume out to start anew",
    });
  }
  const file = await openSafetensors(path);
  try {
    const buffers = allBuffers(state);
    const known = [...file.tensors.keys()];
    const strange = known.find((name) => !buffers.has(name));
    const missing = [...buffers.keys()].find((name) => !file.tensors.has(name));
    if (strange !== undefined || missing !== undefined) {
      throw new UsageError(
        `resume: the checkpoint belongs to other options; got ${path}, ` +
          (strange === undefined ? `which lacks ${missing}` : `which has ${strange}`),
        { hint: "give the options that the run was started with" },
      );
    }
    for (const [name, buffer] of buffers) restore(name, buffer, await file.read(name));
    const position = positionSchema.safeParse(JSON.parse(file.metadata["position"] ?? "null"));
    if (!position.success) throw new FormatError(path, "has no position");
    return position.data;
  } finally {
    await file.close();
  }
}

export const removeCheckpoint = (output: string): Promise<void> =>
  rm(dirname(checkpointPath(output)), { recursive: true, force: true });

const allBuffers = (state: TrainState) =>
  new Map([
    ...[...state.weights].map(([name, buffer]) => [`weight/${name}`, buffer] as const),
    ...namedBuffers(state),
  ]);
