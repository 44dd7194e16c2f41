/** @file Everything a run remembers, as buffers by parameter name. All of it goes into a checkpoint. */

import { mapTensors } from "../../graph/tensors.ts";
import type { Model } from "../../models/model.ts";
import {
  baseDTypeOfCodes,
  roundedTypes,
  roundWeight,
  scalesName,
} from "../../nn/weights-at-rest.ts";
import type { StateSpec } from "../../optim/transform.ts";
import {
  bufferNamed,
  bufferOf,
  fill,
  releaseAll,
  restore,
  restoreRows,
  setElements,
} from "../../runtime/buffers.ts";
import { type Buffer, type Buffers, readTensor, type Runtime } from "../../runtime/runtime.ts";
import { asFloat32, type HostTensor } from "../../tensor/host-tensor.ts";
import { elementCount } from "../../tensor/shape.ts";
import { hasMaster, type Plan, type Rows } from "./param-plan.ts";

/** Everything a run remembers, as buffers by parameter name. */
export interface TrainState {
  /** Those that are rounded have their scales beside them, under names of their own. */
  readonly weights: ReadonlyMap<string, Buffer>;
  /** Copies in float32 of weights in sixteen bits, where these are updated through them. */
  readonly masters: ReadonlyMap<string, Buffer>;
  /** Absent for frozen parameters, and for those that are updated as soon as their gradient is known. */
  readonly accumulators: ReadonlyMap<string, Buffers>;
  /** Parameters whose accumulators hold a momentum between steps. */
  readonly carried: ReadonlySet<string>;
  /** Optimizer state by parameter, then by its own name. */
  readonly optimizer: ReadonlyMap<string, Buffers>;
  /** Projection matrices that were learned. */
  readonly subspaces: ReadonlyMap<string, Buffer>;
  /** The momentum of what ranks average, where they step by themselves. */
  readonly outer?: ReadonlyMap<string, Buffer> | undefined;
}

export interface StateOptions {
  readonly runtime: Runtime;
  readonly model: Model;
  readonly plan: Plan;
  /** Parameters that need no accumulator of their own. */
  readonly immediate: ReadonlySet<string>;
  /** Buffers of weights that are there already; others are allocated. */
  readonly weights?: ReadonlyMap<string, Buffer> | undefined;
}

/** Zeroed accumulators, initial optimizer state, and weights that the caller fills. */
export function createState(options: StateOptions): TrainState {
  const { runtime, model, plan, immediate } = options;
  const weights = new Map<string, Buffer>();
  const masters = new Map<string, Buffer>();
  const accumulators = new Map<string, Buffers>();
  const carried = new Set<string>();
  const optimizer = new Map<string, Buffers>();
  const subspaces = new Map<string, Buffer>();
  for (const [name, { shape }] of model.params) {
    const { dtype = "float32", baseDtype, training } = plan.get(name) ?? {};
    if (baseDtype) {
      const { codes, scales } = roundedTypes(shape, baseDtype);
      weights.set(name, runtime.allocateAtRest(codes.dtype, codes.shape));
      weights.set(scalesName(name), runtime.allocateAtRest(scales.dtype, scales.shape));
      continue;
    }
    weights.set(name, options.weights?.get(name) ?? runtime.allocateAtRest(dtype, shape));
    if (hasMaster(dtype, training)) masters.set(name, runtime.allocateAtRest("float32", shape));
    if (!training) continue;
    const { accumulator, compression, rule, state } = training;
    if (rule.carry !== undefined) carried.add(name);
    if (!immediate.has(name)) accumulators.set(name, allocateState(runtime, accumulator.state));
    optimizer.set(name, allocateState(runtime, state));
    if (compression?.subspace.kind === "learned") {
      const { rank, dimension } = compression.projection;
      subspaces.set(name, runtime.allocate("float32", [rank, dimension]));
    }
  }
  return { weights, masters, accumulators, carried, optimizer, subspaces };
}

/** Buffers with their initial values. */
export function allocateState(
  runtime: Runtime,
  specs: Readonly<Record<string, StateSpec>>,
): Buffers {
  const buffers = mapTensors(specs, ({ dtype = "float32", shape }) =>
    runtime.allocate(dtype, shape),
  );
  // Fresh memory is zero, and not resident before somebody writes to it.
  reset(buffers, onlyNonZero(specs));
  return buffers;
}

const onlyNonZero = (specs: Readonly<Record<string, StateSpec>>) =>
  Object.fromEntries(Object.entries(specs).filter(([, { initial }]) => initial !== 0));

/** Puts state back to its initial values. */
export function reset(buffers: Buffers, specs: Readonly<Record<string, StateSpec>>): void {
  for (const [key, { initial }] of Object.entries(specs)) fill(bufferNamed(buffers, key), initial);
}

/** The state by the names of a checkpoint, weights left out. */
export function namedBuffers({
  masters,
  accumulators,
  carried,
  optimizer,
  subspaces,
  outer = new Map(),
}: TrainState): ReadonlyMap<string, Buffer> {
  return new Map([
    ...[...masters].map(([name, buffer]) => [`master/${name}`, buffer] as const),
    ...named((name) => (carried.has(name) ? "momentum" : "accumulator"), accumulators),
    ...named(() => "optimizer", optimizer),
    ...[...subspaces].map(([name, buffer]) => [`subspace/${name}`, buffer] as const),
    ...[...outer].map(([name, buffer]) => [`outer/${name}`, buffer] as const),
  ]);
}

/** Gives the memory of a state back, which is no more then. */
export function releaseState(state: TrainState): void {
  releaseAll(state.weights.values());
  releaseAll(namedBuffers(state).values());
}

const named = (kindOf: (name: string) => string, states: ReadonlyMap<string, Buffers>) =>
  [...states].flatMap(([name, state]) =>
    Object.entries(state).map(
      ([key, buffer]) => [`${kindOf(name)}/${name}/${key}`, buffer] as const,
    ),
  );

/** Whether a weight is whole numbers and scales. */
export const isRounded = ({ weights }: Pick<TrainState, "weights">, name: string): boolean =>
  weights.has(scalesName(name));

/** Sets a weight, and its copy in float32 if it has one. @throws {UsageError} if the shapes differ. */
export function setWeight(state: TrainState, name: string, tensor: HostTensor): void {
  const weight = bufferOf(state.weights, name);
  const baseDtype = baseDTypeOfCodes(weight.dtype);
  if (baseDtype) {
    const { codes, scales } = roundWeight(asFloat32(tensor), tensor.shape, baseDtype);
    setElements(weight, codes);
    return setElements(bufferOf(state.weights, scalesName(name)), scales);
  }
  restore(name, weight, tensor);
  const master = state.masters.get(name);
  if (master) restore(name, master, tensor);
}

/** Some rows of a weight, as it is kept. */
export async function weightRows(
  { weights }: TrainState,
  name: string,
  { start, end }: Rows,
): Promise<HostTensor> {
  const { dtype, shape, data } = await readTensor(bufferOf(weights, name));
  const width = elementCount(shape.slice(1));
  const own = data.subarray(start * width, end * width);
  return { dtype, shape: shape.with(0, end - start), data: own };
}

/** Sets some rows of a weight, and of its copy in float32 if it has one. @throws {UsageError} if the shapes differ. */
export async function setWeightRows(
  { weights, masters }: TrainState,
  name: string,
  tensor: HostTensor,
  { start, end }: Rows,
): Promise<void> {
  for (const buffer of [weights.get(name), masters.get(name)]) {
    if (buffer) await restoreRows(name, buffer, tensor, { start, end });
  }
}
