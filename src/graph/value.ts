/**
 * @file Symbolic tensors. A `Value` is immutable and knows what produced it, so a graph has no container: it is what can be reached
 * from the outputs one asks for.
 */

import type { DType } from "../tensor/dtype.ts";
import { type HostTensor, scalarTensor } from "../tensor/host-tensor.ts";
import type { Shape } from "../tensor/shape.ts";

/** The type of a tensor; an axis whose size is not known yet has a name. */
export interface ValueType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Where a value comes from: a feed, a constant, or an output of a node. */
export type Source =
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "constant"; readonly tensor: HostTensor }
  | { readonly kind: "node"; readonly node: Node; readonly index: number };

/** A symbolic tensor: a type, and where it comes from. */
export interface Value extends ValueType {
  readonly source: Source;
}

/** Cotangents of a node's inputs, in their order; undefined where nothing flows. */
export type Cotangents = readonly (Value | undefined)[];

/** One application of an operator. The closures remember its inputs and attributes, whatever their types. */
export interface Node {
  /** The ONNX operator. */
  readonly type: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** ONNX attributes, and operands that ONNX wants as inputs though they are known here (axes, shapes). */
  readonly onnx: OnnxForm;
  /** Reverse-mode rule: cotangents of the outputs in (undefined: nothing flows), of the inputs out. */
  readonly vjp: ((dys: Cotangents) => Cotangents) | undefined;
  /** The same application to other inputs. */
  readonly rebuild: (inputs: readonly Value[]) => readonly Value[];
  /** The value of the outputs when all inputs are constants, where that is worth knowing. */
  readonly fold: ((inputs: readonly HostTensor[]) => HostTensor | undefined) | undefined;
  /** For a function with a derivative of its own: the same outputs in terms of plain operators. */
  readonly body: readonly Value[] | undefined;
}

/** An attribute of an ONNX node. */
export type OnnxAttribute =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "ints"; readonly value: readonly number[] };

/** How a node is written in ONNX besides its operator and inputs. */
export interface OnnxForm {
  /** Whose operator it is, where it is not ONNX's. */
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
  readonly operands?: readonly HostTensor[];
}

/** A value that is fed when the graph runs. */
export const input = (name: string, dtype: DType, shape: Shape): Value => ({
  dtype,
  shape,
  source: { kind: "input", name },
});

/** A value that is part of the graph. */
export const constant = (tensor: HostTensor): Value => ({
  dtype: tensor.dtype,
  shape: tensor.shape,
  source: { kind: "constant", tensor },
});

/** A scalar constant of the element type of `x`. */
export const scalarLike = (x: ValueType, value: number): Value =>
  constant(scalarTensor(x.dtype, value));

/** The node that made a value, if a node did. */
export const producer = (value: Value): Node | undefined =>
  value.source.kind === "node" ? value.source.node : undefined;
