/**
 * @file Products L R of few numbers between many rows and columns, [n, r] by [r, m], scaled in their factors:
 *
 *   (L R) ∘ s  = (L ∘ s) R               s a number, or a column [n, 1]
 *   (L R) ∘ s  = L (R ∘ s)               s a row [1, m]
 *   Σᵢⱼ (L R)² = Σ (Lᵀ L) ∘ (R Rᵀ)        over all elements, by products [r, r]
 *
 * An update by a gradient of low rank, scaled by row and by column, clipped by its norm and multiplied by a rate, is one product then that
 * is added to the weight, in place of a pass over the weight's size for each of these. Sums of squares by row or by column are taken of the
 * product itself: from products [r, r] a small one would have the rounding of the largest.
 */

import { topologicalOrder } from "../../graph/topology.ts";
import { type Node, scalarLike, type Value } from "../../graph/value.ts";
import { elementCount, type Shape, staticShape } from "../../tensor/shape.ts";
import { max, mul } from "../elementwise.ts";
import { matmul } from "../matmul.ts";
import { matrixTranspose, reshape } from "../movement.ts";
import { reduceSum } from "../reduce.ts";

/** How long a pass over a matrix takes for each element, in multiplications of a product: what memory gives, and what a core does. */
const PASS = 16;

/** Elements of a product below which passes over it are in a cache, and rounding is left as it is. */
const LARGE = 2 ** 16;

/** L R, and what it is scaled by. */
interface Scaled {
  readonly product: Node;
  readonly scalings: readonly Scaling[];
}

/** A node that scales its first or its second operand. */
interface Scaling {
  readonly node: Node;
  readonly operand: 0 | 1;
  /** The factor of the product that it can scale instead. */
  readonly factor: 0 | 1;
}

/** The same outputs with products of low rank scaled in their factors. */
export function scaleFactors(outputs: readonly Value[]): readonly Value[] {
  const order = topologicalOrder(outputs);
  const scaled = scaledProducts(order);
  const isDone = (node: Node) => node.outputs.some((output) => scaled.has(output));
  const squared = (node: Node) =>
    isTotalOfSquares(node) ? node.inputs.map((x) => scaled.get(x))[0] : undefined;
  /** Products that are read as they are. */
  const wanted = new Set<Node>();
  const want = (value: Value) => {
    const found = scaled.get(value);
    if (found?.scalings.length === 0) wanted.add(found.product);
  };
  outputs.forEach(want);
  for (const node of order) if (!isDone(node) && !squared(node)) node.inputs.forEach(want);

  const replaced = new Map<Value, Value>();
  const current = (value: Value): Value => {
    const found = scaled.get(value);
    if (found && !replaced.has(value)) replaced.set(value, multiplied(value, found));
    return replaced.get(value) ?? value;
  };
  const rebuilt = (node: Node): readonly Value[] => {
    const inputs = node.inputs.map(current);
    return inputs.every((value, i) => value === node.inputs[i])
      ? node.outputs
      : node.rebuild(inputs);
  };

  const rebuiltValue = (value: Value): Value => {
    const { source } = value;
    return (source.kind === "node" && rebuilt(source.node)[source.index]) || value;
  };

  /** L and R, scaled. */
  const factorsOf = ({ product, scalings }: Scaled): readonly Value[] =>
    scalings.reduce<readonly Value[]>(
      (factors, { node, operand, factor }) =>
        factors.map((each, i) =>
          i === factor
            ? (node.rebuild(node.inputs.map((s, k) => (k === operand ? each : current(s))))[0] ??
              each)
            : each,
        ),
      product.inputs.map(current),
    );

  /** A product of scaled factors; or the product scaled, where that is made anyway and another one would take longer. */
  const multiplied = (value: Value, found: Scaled): Value => {
    const { product, scalings } = found;
    const [left, right] = factorsOf(found);
    const isDear = wanted.has(product) && Number(left?.shape[1]) > PASS * scalings.length;
    return scalings.length === 0 || isDear || !left || !right
      ? rebuiltValue(value)
      : matmul(left, right);
  };

  for (const node of order) {
    if (isDone(node)) continue;
    const found = squared(node);
    const isAtHand = found && found.scalings.length === 0 && wanted.has(found.product);
    const [left, right] = found && !isAtHand ? factorsOf(found) : [];
    const [{ shape } = { shape: [] }] = node.outputs;
    const results = left && right ? [totalOfSquares(left, right, shape)] : rebuilt(node);
    node.outputs.forEach((output, i) => replaced.set(output, results[i] ?? output));
  }
  return outputs.map(current);
}

/** Products of low rank, and those that are scaled. */
function scaledProducts(order: readonly Node[]): ReadonlyMap<Value, Scaled> {
  const scaled = new Map<Value, Scaled>();
  for (const node of order) {
    const [output] = node.outputs;
    if (!output) continue;
    if (isLowRank(node)) scaled.set(output, { product: node, scalings: [] });
    const found = scalingOf(node, scaled);
    if (found) scaled.set(output, found);
  }
  return scaled;
}

/** [n, r] by [r, m], large, and both have together at most half of its elements. */
function isLowRank({ type, inputs, outputs }: Node): boolean {
  const [product] = outputs;
  const all = product ? [product, ...inputs] : [];
  if (type !== "MatMul" || all.some(({ shape }) => !isMatrix(shape))) return false;
  const [elements = 0, left = 0, right = 0] = all.map(({ shape }) => elementCount(shape));
  return elements >= LARGE && 2 * (left + right) <= elements;
}

const isMatrix = (shape: Shape): boolean =>
  shape.length === 2 && shape.every((dim) => typeof dim === "number");

function scalingOf(node: Node, scaled: ReadonlyMap<Value, Scaled>): Scaled | undefined {
  const [a, b] = node.inputs;
  const operands = SCALINGS[node.type] ?? [];
  for (const operand of operands) {
    const [x, s] = operand === 0 ? [a, b] : [b, a];
    const found = x && scaled.get(x);
    const factor = x && found && factorOf(x.shape, s?.shape ?? []);
    if (found && factor !== undefined) {
      return { ...found, scalings: [...found.scalings, { node, operand, factor }] };
    }
  }
  return undefined;
}

/** The operands that an operator scales. */
const SCALINGS: Readonly<Record<string, readonly (0 | 1)[]>> = { Mul: [0, 1], Div: [0], Neg: [0] };

/** The factor that is scaled in place of a product [n, m]: the left one by a number or [n, 1], the right one by [m] or [1, m]. */
function factorOf([rows, columns]: Shape, by: Shape): 0 | 1 | undefined {
  if (by.length > 2) return undefined;
  const [down = 1, across = 1] = by.length === 2 ? by : [1, ...by];
  if (across === 1 && (down === 1 || down === rows)) return 0;
  return down === 1 && across === columns ? 1 : undefined;
}

/** A node whose only output is the sum of all squares of a matrix. */
function isTotalOfSquares({ type, onnx, inputs: [x] }: Node): boolean {
  return type === "ReduceSumSquare" && x?.shape.length === onnx.operands?.[0]?.data.length;
}

/** Σ (Lᵀ L) ∘ (R Rᵀ), which rounding must not take below 0. */
function totalOfSquares(left: Value, right: Value, shape: Shape): Value {
  const products = mul(
    matmul(matrixTranspose(left), left), // [r, r]
    matmul(right, matrixTranspose(right)), // [r, r]
  );
  const total = max(reduceSum(products), scalarLike(left, 0));
  return shape.length === 0 ? total : reshape(total, staticShape("square", shape));
}
