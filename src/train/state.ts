/** @file Everything a run remembers, as buffers by parameter name. All of it goes into a checkpoint. */

import { UsageError } from "../errors.ts";
import type { Model } from "../models/model.ts";
import type { Buffer, Runtime } from "../runtime/runtime.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import { sameShape } from "../tensor/shape.ts";
import type { Plan } from "./plan.ts";

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
  /** Absent for parameters that are updated as soon as their gradient is known. */
  readonly accumulators: ReadonlyMap<string, Buffer>;
  /** Optimizer state by parameter, then by its own name. */
  readonly optimizer: ReadonlyMap<string, Readonly<Record<string, Buffer>>>;
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
  const accumulators = new Map<string, Buffer>();
  const optimizer = new Map<string, Readonly<Record<string, Buffer>>>();
  for (const [name, { shape }] of model.params) {
    const param = plan.get(name);
    if (!param) throw new Error(`internal: no plan for ${name}`);
    weights.set(name, runtime.allocate("float32", shape));
    if (!immediate.has(name)) {
      accumulators.set(name, runtime.allocate("float32", param.accumulator.shape));
    }
    const state = Object.entries(param.state).map(([key, spec]) => {
      const buffer = runtime.allocate("float32", spec.shape);
      if (spec.initial !== 0) buffer.write((elements) => fillWith(elements, spec.initial));
      return [key, buffer] as const;
    });
    optimizer.set(name, Object.fromEntries(state));
  }
  return { weights, accumulators, optimizer };
}

export const clear = (buffer: Buffer): void => buffer.write((elements) => fillWith(elements, 0));

function fillWith(elements: unknown, value: number): void {
  if (!(elements instanceof Float32Array)) throw new Error("internal: float32 expected");
  elements.fill(value);
}

/** The state by the names of a checkpoint, weights left out. */
export function namedBuffers({ accumulators, optimizer }: TrainState): ReadonlyMap<string, Buffer> {
  return new Map([
    ...[...accumulators].map(([name, buffer]) => [`accumulator/${name}`, buffer] as const),
    ...[...optimizer].flatMap(([name, state]) =>
      Object.entries(state).map(([key, buffer]) => [`optimizer/${name}/${key}`, buffer] as const),
    ),
  ]);
}

/** Copies a tensor into a buffer. @throws {UsageError} if their shapes differ. */
export function restore(name: string, buffer: Buffer, tensor: HostTensor): void {
  if (!sameShape(buffer.shape, tensor.shape) || !(tensor.data instanceof Float32Array)) {
    throw new UsageError(
      `${name}: must be float32 [${buffer.shape.join(", ")}]` +
        `; got ${tensor.dtype} [${tensor.shape.join(", ")}]`,
    );
  }
  const numbers = tensor.data;
  buffer.write((elements) => {
    if (elements instanceof Float32Array) elements.set(numbers);
  });
}

/** A buffer that must be there. */
export function bufferOf<K>(buffers: ReadonlyMap<K, Buffer>, key: K): Buffer {
  const buffer = buffers.get(key);
  if (buffer) return buffer;
  throw new Error(`internal: no buffer ${String(key)}`);
}
