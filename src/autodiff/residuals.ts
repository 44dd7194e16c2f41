/**
 * @file What a backward program needs of the forward pass, derived from the joint graph.
 *
 * In the joint graph (outputs and cotangents in terms of inputs) a node belongs to the backward pass if it depends on a
 * cotangent. The values that backward nodes read and forward nodes make are the residuals: keep them, or compute them again.
 */

import { substitute, topologicalOrder } from "../graph/topology.ts";
import { input, type Node, producer, type Value } from "../graph/value.ts";

/** A backward graph, and what it needs of the forward pass. */
export interface SplitGraph {
  /** Values to keep after the forward pass, by the names under which the backward graph reads them. */
  readonly residuals: Readonly<Record<string, Value>>;
  /** The backward outputs in terms of residuals, inputs and cotangents. */
  readonly backward: readonly Value[];
}

/** Operators that only rename elements: keeping their input instead costs nothing to undo. */
const FREE = new Set(["Reshape", "Transpose", "Expand", "Cast", "Identity"]);

/**
 * Splits a joint graph at the residuals.
 *
 * @param backward - outputs of the backward pass
 * @param isLate - whether an input, by name, exists only in the backward pass
 */
export function splitAtResiduals(
  backward: readonly Value[],
  isLate: (input: string) => boolean,
): SplitGraph {
  const order = topologicalOrder(backward);
  const late = new Set<Value>();
  const isNew = (value: Value) =>
    late.has(value) || (value.source.kind === "input" && isLate(value.source.name));
  for (const { inputs, outputs } of order) {
    if (inputs.some(isNew)) outputs.forEach((output) => late.add(output));
  }

  const kept = new Map<Value, Value>();
  const keep = (value: Value) => {
    const root = cheapest(value);
    if (!producer(root) || late.has(root) || kept.has(root) || isConstant(root)) return;
    kept.set(root, input(`residual.${kept.size}`, root.dtype, root.shape));
  };
  const runsLate = (node: Node) => node.outputs.some((output) => late.has(output));
  for (const node of order) if (runsLate(node)) node.inputs.forEach(keep);
  for (const output of backward) if (!late.has(output)) keep(output);

  const residuals = Object.fromEntries(
    [...kept.keys()].map((value, i) => [`residual.${i}`, value]),
  );
  return { residuals, backward: substitute(backward, kept) };
}

/** The value that a chain of free operators started from. */
function cheapest(value: Value): Value {
  let root = value;
  for (let node = producer(root); node && FREE.has(node.type); node = producer(root)) {
    const [operand] = node.inputs;
    if (!operand) break;
    root = operand;
  }
  return root;
}

/** Whether a value depends on no input at all. */
const isConstant = (value: Value): boolean =>
  topologicalOrder([value]).every(({ inputs }) => inputs.every((x) => x.source.kind !== "input"));
