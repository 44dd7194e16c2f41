/** @file A case as graphs: of its outputs, and of the gradients of its inputs. */

import { vjp } from "../../src/autodiff/index.ts";
import type { Tensors } from "../../src/graph/tensors.ts";
import type { Value } from "../../src/graph/value.ts";
import { allocate, type DType } from "../../src/tensor/dtype.ts";
import { type HostTensor, hostTensor } from "../../src/tensor/host-tensor.ts";
import { type HostTensors, inputFor } from "../support/graph.ts";
import { build, type Case, type TypedTensor } from "./cases.ts";

/** Numbers as a tensor. */
export function toTensor(dtype: DType, { shape, data }: Omit<TypedTensor, "dtype">): HostTensor {
  const elements = allocate(dtype, data.length);
  data.forEach((x, i) => (elements[i] = x));
  return hostTensor(dtype, shape, elements);
}

export interface BuiltCase {
  readonly outputs: Tensors;
  readonly gradients: Tensors;
  readonly feeds: HostTensors;
}

/** The graphs of a case and of its derivatives, with floats of one precision. */
export function graphOf(item: Case, precision: "float32" | "float64"): BuiltCase {
  const typed = (dtype: DType) => (dtype === "float64" ? precision : dtype);
  const inputs = item.inputs.map(
    (tensor, i) => [`x${i}`, toTensor(typed(tensor.dtype), tensor)] as const,
  );
  const values = inputs.map(([name, tensor]) => inputFor(name, tensor));
  const outputs = build(item, values);
  const cotangents = outputs.flatMap((y, i) => {
    const data = item.cotangents[i];
    if (!data) return [];
    const shape = item.outputs[i]?.shape ?? [];
    return [{ y, name: `dy${i}`, tensor: toTensor(y.dtype, { shape, data }) }];
  });
  const wrt = values.flatMap((x, i) => (item.grads[i] ? [{ x, i }] : []));
  const grads = vjp(
    cotangents.map(({ y }) => y),
    cotangents.map(({ name, tensor }) => inputFor(name, tensor)),
    wrt.map(({ x }) => x),
  );
  return {
    outputs: Object.fromEntries(outputs.map((y, i) => [`y${i}`, y])),
    gradients: Object.fromEntries(wrt.map(({ i }, k) => [`dx${i}`, grads[k]]).filter(isEntry)),
    feeds: {
      ...Object.fromEntries(inputs),
      ...Object.fromEntries(cotangents.map(({ name, tensor }) => [name, tensor])),
    },
  };
}

const isEntry = (entry: readonly (string | Value | undefined)[]): entry is [string, Value] =>
  entry[1] !== undefined;
