/**
 * @file How an operator is defined: its type rule and its derivative in one place. Types and shapes are checked when a node
 * is made, so that an error points at the line that caused it.
 */

import { GraphError } from "../errors.ts";
import type { HostTensor } from "../tensor/host-tensor.ts";
import type { Cotangents, Node, OnnxForm, Value, ValueType } from "./value.ts";

export type CotangentsOf<Inputs extends readonly Value[]> = {
  readonly [I in keyof Inputs]: Value | undefined;
};

interface CommonDefinition<Inputs extends readonly Value[], Attrs> {
  /** The ONNX operator. */
  readonly type: string;
  /** ONNX attributes and known operands; none if absent. */
  onnx?(attrs: Attrs, inputs: Inputs): OnnxForm;
}

export interface OpDefinition<Inputs extends readonly Value[], Attrs> extends CommonDefinition<
  Inputs,
  Attrs
> {
  /** The type of the output. @throws {ShapeError} if the inputs do not fit. */
  infer(inputs: Inputs, attrs: Attrs): ValueType;
  /** Cotangents of the inputs as broadcast; `grad` sums them back. Absent: not differentiable. */
  vjp?(dy: Value, inputs: Inputs, y: Value, attrs: Attrs): CotangentsOf<Inputs>;
  /** The result for constant inputs, where it is worth knowing. */
  fold?(inputs: readonly HostTensor[], attrs: Attrs): HostTensor | undefined;
}

export interface MultiOpDefinition<Inputs extends readonly Value[], Attrs> extends CommonDefinition<
  Inputs,
  Attrs
> {
  /** The types of the outputs. @throws {ShapeError} if the inputs do not fit. */
  infer(inputs: Inputs, attrs: Attrs): readonly ValueType[];
  /** Cotangents of the inputs from those of the outputs. Absent: not differentiable. */
  vjp?(
    dys: Cotangents,
    inputs: Inputs,
    outputs: readonly Value[],
    attrs: Attrs,
  ): CotangentsOf<Inputs>;
}

/** An operator with one output. */
export function defineOp<Inputs extends readonly Value[], Attrs = undefined>(
  definition: OpDefinition<Inputs, Attrs>,
): (inputs: Inputs, attrs: Attrs) => Value {
  const { vjp, fold } = definition;
  const apply = (inputs: Inputs, attrs: Attrs): Value =>
    first(
      makeNode({
        type: definition.type,
        inputs,
        types: [definition.infer(inputs, attrs)],
        onnx: definition.onnx?.(attrs, inputs) ?? {},
        vjp:
          vjp &&
          (([dy], [y]) =>
            dy && y ? vjp.call(definition, dy, inputs, y, attrs) : inputs.map(none)),
        rebuild: (others) => [apply(alike(inputs, others), attrs)],
        fold: fold && ((tensors) => fold.call(definition, tensors, attrs)),
      }),
    );
  return apply;
}

/** An operator with several outputs. */
export function defineMultiOp<Inputs extends readonly Value[], Attrs = undefined>(
  definition: MultiOpDefinition<Inputs, Attrs>,
): (inputs: Inputs, attrs: Attrs) => readonly Value[] {
  const { vjp } = definition;
  const apply = (inputs: Inputs, attrs: Attrs): readonly Value[] =>
    makeNode({
      type: definition.type,
      inputs,
      types: definition.infer(inputs, attrs),
      onnx: definition.onnx?.(attrs, inputs) ?? {},
      vjp: vjp && ((dys, outputs) => vjp.call(definition, dys, inputs, outputs, attrs)),
      rebuild: (others) => apply(alike(inputs, others), attrs),
    });
  return apply;
}

/**
 * A function of plain operators with a derivative of its own, where the derivative that follows from its parts would be slower.
 * `grad` uses `vjp`; everything else sees the operators of `body`.
 */
export function customVjp<Inputs extends readonly Value[]>(
  name: string,
  definition: {
    body(inputs: Inputs): Value;
    vjp(dy: Value, inputs: Inputs, y: Value): CotangentsOf<Inputs>;
  },
): (inputs: Inputs) => Value {
  const apply = (inputs: Inputs): Value => {
    const body = definition.body(inputs);
    return first(
      makeNode({
        type: name,
        inputs,
        types: [body],
        onnx: {},
        vjp: ([dy], [y]) => (dy && y ? definition.vjp(dy, inputs, y) : inputs.map(none)),
        rebuild: (others) => [apply(alike(inputs, others))],
        body: [body],
      }),
    );
  };
  return apply;
}

interface NodeParts {
  readonly type: string;
  readonly inputs: readonly Value[];
  readonly types: readonly ValueType[];
  readonly onnx: OnnxForm;
  readonly vjp: ((dys: Cotangents, outputs: readonly Value[]) => Cotangents) | undefined;
  readonly rebuild: Node["rebuild"];
  readonly fold?: Node["fold"];
  readonly body?: readonly Value[];
}

function makeNode({ types, vjp, ...parts }: NodeParts): readonly Value[] {
  const outputs: Value[] = [];
  const node: Node = {
    ...parts,
    outputs,
    fold: parts.fold,
    body: parts.body,
    vjp: vjp && ((dys) => vjp(dys, outputs)),
  };
  for (const [index, { dtype, shape }] of types.entries()) {
    outputs.push({ dtype, shape, source: { kind: "node", node, index } });
  }
  return outputs;
}

const none = (): undefined => undefined;

/** `others` as a tuple of the length of `inputs`. */
function alike<Inputs extends readonly Value[]>(inputs: Inputs, others: readonly Value[]): Inputs {
  const fits = (values: readonly Value[]): values is Inputs => values.length === inputs.length;
  if (fits(others)) return others;
  throw new GraphError(`rebuild: expected ${inputs.length} inputs; got ${others.length}`);
}

function first(outputs: readonly Value[]): Value {
  const [output] = outputs;
  if (output) return output;
  throw new Error("internal: an operator without outputs");
}
