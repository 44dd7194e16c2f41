/** @file Everything a run remembers, as buffers by parameter name. All of it goes into a checkpoint. */

import { hasMaster, type Plan } from "./param-plan.ts";
import { UsageError } from "../errors.ts";
import type { Model } from "../models/model.ts";
import type { StateSpec } from "../optim/transform.ts";
import type { Buffer, Buffers, Runtime } from "../runtime/runtime.ts";
import type { DType, TypedArray } from "../tensor/dtype.ts";
import { float32ToBfloat16, float32ToFloat16 } from "../tensor/half.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import { sameShape } from "../tensor/shape.ts";

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

export interface TrainState {
  readonly weights: ReadonlyMap<string, Buffer>;
  /** Copies in float32 of weights in sixteen bits, where these are updated through them. */
  readonly masters: ReadonlyMap<string, Buffer>;
  /** Absent for frozen parameters, and for those that are updated as soon as their gradient is known. */
  readonly accumulators: ReadonlyMap<string, Buffers>;
  /** Optimizer state by parameter, then by its own name. */
  readonly optimizer: ReadonlyMap<string, Buffers>;
}

export interface StateOptions {
  readonly runtime: Runtime;
  readonly model: Model;
  readonly plan: Plan;
  /** Parameters that need no accumulator of their own. */
  readonly immediate: ReadonlySet<string>;
}

/** Zeroed accumulators, initial optimizer state, and weights that the caller fills. */
export function createState({ runtime, model, plan, immediate }: StateOptions): TrainState {
  const weights = new Map<string, Buffer>();
  const masters = new Map<string, Buffer>();
  const accumulators = new Map<string, Buffers>();
  const optimizer = new Map<string, Buffers>();
  const allocate = (specs: Readonly<Record<string, StateSpec>>): Buffers => {
    const buffers = mapRecord(specs, ({ dtype = "float32", shape }) =>
      runtime.allocate(dtype, shape),
    );
    // Fresh memory is zero, and not resident before somebody writes to it.
    reset(buffers, onlyNonZero(specs));
    return buffers;
  };
  for (const [name, { shape }] of model.params) {
    const { dtype = "float32", training } = plan.get(name) ?? {};
    weights.set(name, runtime.allocate(dtype, shape));
    if (hasMaster(dtype, training)) masters.set(name, runtime.allocate("float32", shape));
    if (!training) continue;
    if (!immediate.has(name)) accumulators.set(name, allocate(training.accumulator.state));
    optimizer.set(name, allocate(training.state));
  }
  return { weights, masters, accumulators, optimizer };
}

export const mapRecord = <T, U>(
  record: Readonly<Record<string, T>>,
  f: (value: T, key: string) => U,
): Record<string, U> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value, key)]));

const onlyNonZero = (specs: Readonly<Record<string, StateSpec>>) =>
  Object.fromEntries(Object.entries(specs).filter(([, { initial }]) => initial !== 0));

/** Puts state back to its initial values. */
export function reset(buffers: Buffers, specs: Readonly<Record<string, StateSpec>>): void {
  for (const [key, { initial }] of Object.entries(specs)) {
    bufferNamed(buffers, key).write((elements) => fillWith(elements, initial));
  }
}

export const clear = (buffer: Buffer): void => buffer.write((elements) => fillWith(elements, 0));

function fillWith(elements: TypedArray, value: number): void {
  if (elements instanceof BigInt64Array) throw new Error("internal: state is not int64");
  elements.fill(value);
}

/** The state by the names of a checkpoint, weights left out. */
export function namedBuffers({
  masters,
  accumulators,
  optimizer,
}: TrainState): ReadonlyMap<string, Buffer> {
  return new Map([
    ...[...masters].map(([name, buffer]) => [`master/${name}`, buffer] as const),
    ...named("accumulator", accumulators),
    ...named("optimizer", optimizer),
  ]);
}

const named = (kind: string, states: ReadonlyMap<string, Buffers>) =>
  [...states].flatMap(([name, state]) =>
    Object.entries(state).map(([key, buffer]) => [`${kind}/${name}/${key}`, buffer] as const),
  );

/** Sets a weight, and its copy in float32 if it has one. @throws {UsageError} if the shapes differ. */
export function setWeight(state: TrainState, name: string, tensor: HostTensor): void {
  restore(name, bufferOf(state.weights, name), tensor);
  const master = state.masters.get(name);
  if (master) restore(name, master, tensor);
}

/** Copies a tensor into a buffer, which may hold float32 in sixteen bits. @throws {UsageError} if their shapes differ. */
export function restore(name: string, buffer: Buffer, tensor: HostTensor): void {
  const narrow = tensor.dtype === "float32" ? NARROW[buffer.dtype] : undefined;
  if (narrow && sameShape(buffer.shape, tensor.shape)) {
    const bits = narrow(floats(tensor.data));
    return buffer.write((elements) => copyElements(bits, elements));
  }
  if (!sameShape(buffer.shape, tensor.shape) || buffer.dtype !== tensor.dtype) {
    throw new UsageError(
      `${name}: must be ${buffer.dtype} [${buffer.shape.join(", ")}]` +
        `; got ${tensor.dtype} [${tensor.shape.join(", ")}]`,
    );
  }
  const { data } = tensor;
  buffer.write((elements) => copyElements(data, elements));
}

const NARROW: Readonly<Partial<Record<DType, (values: Float32Array) => Uint16Array>>> = {
  float16: float32ToFloat16,
  bfloat16: float32ToBfloat16,
};

/** Elements that are float32 by construction. */
export function floats(elements: unknown): Float32Array {
  if (elements instanceof Float32Array) return elements;
  throw new Error("internal: float32 expected");
}

/** Copies between arrays of the same numbers. */
export function copyElements(from: TypedArray, to: TypedArray): void {
  if (from instanceof BigInt64Array || to instanceof BigInt64Array) {
    throw new Error("internal: state is not int64");
  }
  to.set(from);
}

/** A buffer that must be there. */
export function bufferOf<K>(buffers: ReadonlyMap<K, Buffer>, key: K): Buffer {
  const buffer = buffers.get(key);
  if (buffer) return buffer;
  throw new Error(`internal: no buffer ${String(key)}`);
}

export function bufferNamed(buffers: Buffers, key: string): Buffer {
  const buffer = buffers[key];
  if (buffer) return buffer;
  throw new Error(`internal: no buffer ${key}`);
}
