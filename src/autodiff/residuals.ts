/**
 * @file What a backward program needs of the forward pass, derived from the joint graph.
 *
 * In the joint graph (outputs and cotangents in terms of inputs) a node belongs to the backward pass if it depends on a
 * cotangent. The values that backward nodes read and forward nodes make are the residuals: keep them, or compute them again.
 */

import { substitute, topologicalOrder } from "../graph/topology.ts";
import { bytesPerElement } from "../tensor/dtype.ts";
import { input, type Node, producer, type Value } from "../graph/value.ts";

/** A backward graph, and what it needs of the forward pass. */
export interface SplitGraph {
  /** Values to keep after the forward pass, by the names under which the backward graph reads them. */
  readonly residuals: Readonly<Record<string, Value>>;
  /** The backward outputs in terms of residuals, inputs and cotangents. */
  readonly backward: readonly Value[];
}

/**
 * Splits a joint graph at the residuals.
 *
 * @param backward - outputs of the backward pass
 * @param isLate - whether an input, by name, exists only in the backward pass
 * @param isKept - whether the results of a node of the forward pass are kept; of others, what they are made of is
 */
export function splitAtResiduals(
  backward: readonly Value[],
  isLate: (input: string) => boolean,
  isKept: (node: Node) => boolean,
): SplitGraph {
  const order = topologicalOrder(backward);
  const late = new Set<Value>();
  const isNew = (value: Value) =>
    late.has(value) || (value.source.kind === "input" && isLate(value.source.name));
  for (const { inputs, outputs } of order) {
    if (inputs.some(isNew)) outputs.forEach((output) => late.add(output));
  }

  const kept = new Map<Value, Value>();
  const seen = new Set<Value>();
  const keep = (value: Value): void => {
    const node = producer(value);
    if (!node || late.has(value) || seen.has(value)) return;
    seen.add(value);
    if (isConstant(value)) return;
    if (isKept(node)) kept.set(value, input(`residual.${kept.size}`, value.dtype, value.shape));
    else node.inputs.forEach(keep);
  };
  const runsLate = (node: Node) => node.outputs.some((output) => late.has(output));
  for (const node of order) if (runsLate(node)) node.inputs.forEach(keep);
  for (const output of backward) if (!late.has(output)) keep(output);

  const residuals = Object.fromEntries(
    [...kept.keys()].map((value, i) => [`residual.${i}`, value]),
  );
  return { residuals, backward: substitute(backward, kept) };
}

/** What the backward pass computes once more: everything from the start of a stage, what is cheap, or nothing. */
export const RECOMPUTATIONS = ["all", "cheap", "none"] as const;

/** How activations are kept between the two passes. */
export type Recompute = (typeof RECOMPUTATIONS)[number];

/** Products over fewer numbers than this cost less to compute again than to keep. */
const DEAR_PRODUCT = 128;

const PRODUCTS = new Set(["MatMul", "MatMulInteger"]);

/** Operators that only rename elements: keeping their input instead costs nothing to undo. */
const RENAMING = new Set(["Reshape", "Transpose", "Expand", "Cast", "Identity"]);

/** Whether what a node reads is kept rather than what it makes, which is no smaller. */
function isFree({ type, inputs: [x], outputs: [y] }: Node): boolean {
  const narrows = x && y && bytesPerElement(y.dtype) < bytesPerElement(x.dtype);
  return RENAMING.has(type) && !narrows;
}

/**
 * What is kept where not everything is computed once more. What is not cheap are the products of the forward pass, unless their inner
 * dimension is short, as that of the scores of attention is: norms, activations and rotations take as long as keeping them would.
 *
 * @param forward - outputs of the forward pass
 * @param atRest - inputs of which what is made alone is never kept: it would be a second, larger copy of them
 */
export function keptUnder(
  recompute: Exclude<Recompute, "all">,
  forward: readonly Value[],
  atRest: ReadonlySet<string> = new Set(),
): (node: Node) => boolean {
  if (recompute === "none") {
    const copies = copiesOf(forward, atRest);
    return (node) => !isFree(node) && !copies.has(node);
  }
  const computed = new Set(topologicalOrder(forward));
  return (node) =>
    PRODUCTS.has(node.type) &&
    computed.has(node) &&
    Number(node.inputs[0]?.shape.at(-1)) >= DEAR_PRODUCT;
}

/** Whether a value depends on no input at all. */
const isConstant = (value: Value): boolean =>
  topologicalOrder([value]).every(({ inputs }) => inputs.every((x) => x.source.kind !== "input"));

/** What is made of these inputs and of constants alone. */
function copiesOf(outputs: readonly Value[], inputs: ReadonlySet<string>): ReadonlySet<Node> {
  const copies = new Set<Node>();
  const isCopy = ({ source }: Value): boolean => {
    if (source.kind === "node") return copies.has(source.node);
    return source.kind === "constant" || inputs.has(source.name);
  };
  for (const node of topologicalOrder(outputs)) if (node.inputs.every(isCopy)) copies.add(node);
  return copies;
}
