/**
 * @file A run that can go on, as a file: weights, accumulators, optimizer state, position, and what run it is, written atomically, so
 * that they always belong together. Random numbers need no state: they follow from the seed and the position.
 */

import { z } from "zod";
import { FormatError, option, UsageError } from "../../errors.ts";
import type { FileStore } from "../../host/host.ts";
import { scalesName } from "../../nn/weights-at-rest.ts";
import { restore } from "../../runtime/buffers.ts";
import { type Buffer, readTensor } from "../../runtime/runtime.ts";
import { sameShape } from "../../tensor/shape.ts";
import { openSafetensors, type SafetensorsFile, writeSafetensors } from "../../weights/index.ts";
import type { Sums } from "../../engine/objectives/objective.ts";
import { isRounded, namedBuffers, type TrainState } from "../../engine/parts/state.ts";
import { type Memory, memorySchema } from "../evaluation/judge.ts";
import { type Identity, identitySchema } from "./identity.ts";

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
  /** What the objective has told of them besides, by name. */
  readonly told?: Sums;
  /** Steps of runs before, whose optimizer this one goes on with. */
  readonly stepsBefore?: number;
}

export const START: Position = { step: 0, microStep: 0, lossTokens: 0, lossSum: 0 };

const positionSchema: z.ZodType<Position> = z.object({
  step: z.int().min(0),
  microStep: z.int().min(0),
  lossTokens: z.number(),
  lossSum: z.number(),
  told: z.exactOptional(z.record(z.string(), z.number())),
  stepsBefore: z.exactOptional(z.int().min(0)),
});

/** What a checkpoint says beside its tensors. */
export interface CheckpointNote {
  readonly position: Position;
  /** Undefined in files of before there were identities. */
  readonly identity: Identity | undefined;
  /** How the run went; undefined in files of before it was judged. */
  readonly memory?: Memory | undefined;
}

export async function writeCheckpoint(
  files: FileStore,
  path: string,
  state: TrainState,
  { position, identity, memory }: CheckpointNote,
): Promise<void> {
  const tensors = [...allBuffers(state)].map(
    ([name, buffer]) =>
      [
        name,
        {
          dtype: buffer.dtype,
          shape: buffer.shape,
          read: async () => (await readTensor(buffer)).data,
        },
      ] as const,
  );
  await writeSafetensors(files, path, tensors, {
    metadata: {
      position: JSON.stringify(position),
      run: JSON.stringify(identity),
      ...(memory && { memory: JSON.stringify(memory) }),
    },
  });
}

/**
 * What a checkpoint says, its tensors left alone.
 *
 * @throws {FormatError} if it is damaged.
 */
export async function readNote(files: FileStore, path: string): Promise<CheckpointNote> {
  const file = await openSafetensors(files, path);
  try {
    return noteOf(path, file);
  } finally {
    await file.close();
  }
}

/**
 * Restores a checkpoint into a state of the same model and options.
 *
 * @throws {UsageError} if it belongs to other options.
 * @throws {FormatError} if it is damaged; the state is then neither this nor that.
 */
export const restoreCheckpoint = (
  files: FileStore,
  path: string,
  state: TrainState,
): Promise<CheckpointNote> => readInto(files, path, state, { what: "resume", isRead: () => true });

/**
 * Restores the weights of another run, and what its optimizer remembers; gradients that it had gathered are left, and what its ranks averaged.
 *
 * @throws as `restoreCheckpoint` does.
 */
export const adoptCheckpoint = (
  files: FileStore,
  path: string,
  state: TrainState,
): Promise<CheckpointNote> =>
  readInto(files, path, state, {
    what: "keepOptimizer",
    isRead: (name) => !name.startsWith("accumulator/") && !name.startsWith("outer/"),
  });

interface Reading {
  /** The option that asks for it. */
  readonly what: "keepOptimizer" | "resume";
  isRead(name: string): boolean;
}

async function readInto(
  files: FileStore,
  path: string,
  state: TrainState,
  { what, isRead }: Reading,
): Promise<CheckpointNote> {
  const file = await openSafetensors(files, path);
  const otherOptions = (how: string) => refusal(what, path, how);
  try {
    const note = noteOf(path, file);
    const buffers = new Map([...allBuffers(state)].filter(([name]) => isRead(name)));
    const strange = [...file.tensors.keys()].find((name) => isRead(name) && !buffers.has(name));
    if (strange !== undefined) throw otherOptions(`has ${strange}`);
    for (const [name, { shape }] of buffers) {
      const tensor = file.tensors.get(name);
      if (!tensor) throw otherOptions(`lacks ${name}`);
      if (!sameShape(tensor.shape, shape)) {
        throw otherOptions(
          `has ${name} as [${tensor.shape.join(", ")}], not [${shape.join(", ")}]`,
        );
      }
    }
    for (const [name, buffer] of buffers) restore(name, buffer, await file.read(name));
    return note;
  } finally {
    await file.close();
  }
}

function noteOf(path: string, { metadata }: SafetensorsFile): CheckpointNote {
  const position = positionSchema.safeParse(parse(metadata["position"]));
  if (!position.success) throw new FormatError(path, "has no position");
  const memory = memorySchema.safeParse(parse(metadata["memory"])).data;
  const run = metadata["run"];
  if (run === undefined) return { position: position.data, identity: undefined, memory };
  const identity = identitySchema.safeParse(parse(run));
  if (!identity.success) throw new FormatError(path, "does not say what run it belongs to");
  return { position: position.data, identity: identity.data, memory };
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return undefined;
  }
}

const refusal = (what: Reading["what"], path: string, how: string): UsageError =>
  new UsageError(
    `${option(what)}: the checkpoint belongs to other options; got ${path}, which ${how}`,
    { hint: "give the options that the run was started with" },
  );

/** Weights that are rounded are made of the model on disk at every start. */
function allBuffers(state: TrainState): ReadonlyMap<string, Buffer> {
  const rounded = [...state.weights.keys()].filter((name) => isRounded(state, name));
  const made = new Set([...rounded, ...rounded.map(scalesName)]);
  return new Map([
    ...[...state.weights].flatMap(([name, buffer]) =>
      made.has(name) ? [] : [[`weight/${name}`, buffer] as const],
    ),
    ...namedBuffers(state),
  ]);
}

/** Whether all numbers of a state are finite: weights, accumulators and what optimizers remember. */
export async function isFiniteState(state: TrainState): Promise<boolean> {
  for (const buffer of allBuffers(state).values()) {
    const data = await buffer.read();
    if (buffer.dtype === "float32" && !(data instanceof BigInt64Array)) {
      for (const value of data) if (!Number.isFinite(value)) return false;
    }
    // An exponent of ones is infinite, or no number.
    const exponent = EXPONENTS.get(buffer.dtype);
    if (exponent !== undefined && data instanceof Uint16Array) {
      for (const bits of data) if ((bits & exponent) === exponent) return false;
    }
  }
  return true;
}

/** The bits of an exponent. */
const EXPONENTS: ReadonlyMap<string, number> = new Map([
  ["float16", 0x7c00],
  ["bfloat16", 0x7f80],
]);
