/** @file What running a graph will take: operations, memory, and which inputs may be overwritten by outputs. */

import { topologicalOrder, useCounts } from "../graph/topology.ts";
import { producer, type Value } from "../graph/value.ts";
import { bytesPerElement } from "../tensor/dtype.ts";
import { sameShape, type Shape } from "../tensor/shape.ts";

const count = (shape: Shape): number =>
  shape.reduce<number>((n, dim) => n * (typeof dim === "number" ? dim : 1), 1);

const bytesOf = ({ dtype, shape }: Value): number => count(shape) * bytesPerElement(dtype);

/** Products of matrices of one shape: `count` times [rows, inner] · [inner, columns]. */
export interface Product {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly count: number;
}

/** The matrix products that `outputs` need. Named dimensions count as 1. */
export function matrixProducts(outputs: readonly Value[]): readonly Product[] {
  return topologicalOrder(outputs).flatMap(({ type, inputs: [a, b], outputs: [result] }) => {
    const inner = a?.shape.at(-1);
    if (type !== "MatMul" || !b || !result || typeof inner !== "number") return [];
    const columns = count(b.shape.slice(-1));
    // One matrix on the right is shared by all that stand on the left.
    const rows = count(
      b.shape.length === 2 ? result.shape.slice(0, -1) : result.shape.slice(-2, -1),
    );
    return [{ rows, inner, columns, count: count(result.shape) / (rows * columns) }];
  });
}

/** Floating-point operations of products. */
export const operationsOf = (products: readonly Product[]): number =>
  products.reduce((sum, each) => sum + 2 * each.rows * each.inner * each.columns * each.count, 0);

/** Floating-point operations of the matrix products that `outputs` need. */
export const matrixOperations = (outputs: readonly Value[]): number =>
  operationsOf(matrixProducts(outputs));

/** Operators whose result onnxruntime may put where an operand was, if nobody else needs that. */
const IN_PLACE = new Set([
  ..."Add Sub Mul Div Max Min Neg Abs Exp Log Sqrt Tanh Sigmoid Where Cast".split(" "),
  ..."Reshape Unsqueeze Softmax ThresholdedRelu ScatterElements Identity".split(" "),
]);

/**
 * Peak bytes of intermediate results, outputs included and inputs not, when nodes run in topological order, results die
 * after their last reader and elementwise operators reuse an operand that dies with them.
 *
 * @param below - larger results do not count
 */
export function workspaceBytes(outputs: readonly Value[], below: number = Infinity): number {
  const bytes = (value: Value): number => (bytesOf(value) < below ? bytesOf(value) : 0);
  const remaining = new Map(useCounts(outputs));
  // What shares one allocation: a result computed in place, and the operand it replaced.
  let live = 0;
  let peak = 0;
  for (const { type, inputs, outputs: results } of topologicalOrder(outputs)) {
    const dying = inputs.filter((value) => {
      const left = (remaining.get(value) ?? 1) - 1;
      remaining.set(value, left);
      return left === 0 && value.source.kind === "node";
    });
    let needed = results.reduce((n, value) => n + (remaining.has(value) ? bytes(value) : 0), 0);
    const [result] = results;
    const reused = IN_PLACE.has(type)
      ? dying.find((value) => result && bytes(value) === bytes(result))
      : undefined;
    if (reused) needed -= bytes(reused);
    live += needed;
    peak = Math.max(peak, live);
    for (const value of dying) if (value !== reused) live -= bytes(value);
  }
  return peak;
}

/** Operators whose result is their operand in another shape. */
const VIEWS = new Set(["Reshape", "Unsqueeze"]);

/** Operators that read each element of an operand before they write it. */
const ELEMENTWISE = new Set(["Add", "Sub", "Mul", "Div", "Max"]);

/**
 * Whether `result` may be written into the memory of `operand`: it has the same type, its own operator reads
 * the operand elementwise or not at all, and every other reader is needed for the result, so that it has run before.
 */
export function overwritable(outputs: readonly Value[], result: Value, operand: Value): boolean {
  const last = producer(result);
  if (!last || result.dtype !== operand.dtype || !sameShape(result.shape, operand.shape)) {
    return false;
  }
  if (outputs.includes(operand)) return false;
  const before = new Set(topologicalOrder([result]));
  // A view is no copy: who reads it reads the operand.
  const aliases = new Set([operand]);
  return topologicalOrder(outputs).every((node) => {
    if (!node.inputs.some((value) => aliases.has(value))) return true;
    if (VIEWS.has(node.type)) for (const output of node.outputs) aliases.add(output);
    if (node !== last) return before.has(node);
    const onlyBase = node.type === "ScatterElements";
    return onlyBase
      ? !node.inputs.some((value, i) => i > 0 && aliases.has(value))
      : ELEMENTWISE.has(node.type);
  });
}
