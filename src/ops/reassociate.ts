/**
 * @file Matrix products in the cheapest order.
 *
 * A chain M₁ M₂ … M_k of matrices may be multiplied in any order; the classic dynamic program finds the one with the fewest
 * operations. It is what makes FLORA cheap: the weight gradient dYᵀ X, multiplied by a projection Aᵀ, becomes dYᵀ (X Aᵀ), and
 * the gradient itself never exists. Sums of products are multiplied term by term, and a gradient that was scattered
 * into an embedding table is multiplied before it is scattered:
 *
 *   scatterAdd(0, i, U) Aᵀ = scatterAdd(0, i, U Aᵀ)
 *   A scatterAdd(0, i, U)  = A[:, i] U
 *   C + scatterAdd(0, i, U) = scatterAdd(C, i, U)
 */

import { topologicalOrder, useCounts } from "../graph/topology.ts";
import { type Node, producer, type Value } from "../graph/value.ts";
import { sameShape, staticShape } from "../tensor/shape.ts";
import { add } from "./elementwise.ts";
import { gather, scatterAdd } from "./indexing.ts";
import { matmul } from "./matmul.ts";
import { fill, matrixTranspose } from "./movement.ts";

/** The same outputs with every chain of matrix products in its cheapest order. */
export function reassociate(outputs: readonly Value[]): readonly Value[] {
  const uses = useCounts(outputs);
  const once = (value: Value) => (uses.get(value) ?? 0) <= 1;
  const replaced = new Map<Value, Value>();
  const current = (value: Value): Value => replaced.get(value) ?? value;

  /** The factors of a product; a factor that is used elsewhere too is computed anyway and stays whole. */
  const factors = (value: Value): readonly Value[] => {
    const node = matrixNode(value);
    const [a, b] = node?.inputs ?? [];
    if (node?.type === "MatMul" && a && b && once(value)) return [...factors(a), ...factors(b)];
    if (node?.type === "Transpose" && a && matrixNode(a)?.type === "MatMul" && once(value)) {
      const inner = factors(a);
      if (inner.length > 1) return inner.toReversed().map(matrixTranspose);
    }
    return [value];
  };

  for (const node of topologicalOrder(outputs)) {
    const inputs = node.inputs.map(current);
    const moved = inputs.some((value, i) => value !== node.inputs[i]);
    const [a, b] = node.inputs;
    const product = node.type === "MatMul" && a && b && isMatrix(a) && isMatrix(b);
    const chain = product ? [...factors(a), ...factors(b)] : [];
    const better = product
      ? chain.length > 2
        ? cheapestProduct(chain.map((factor) => rebuiltFactor(factor, current)))
        : distribute(inputs, once)
      : node.type === "Add"
        ? scatterInto(inputs)
        : undefined;
    const results = better ? [better] : moved ? node.rebuild(inputs) : node.outputs;
    node.outputs.forEach((output, i) => replaced.set(output, results[i] ?? output));
  }
  return outputs.map(current);
}

const isMatrix = ({ shape }: Value): boolean =>
  shape.length === 2 && shape.every((dim) => typeof dim === "number");

const matrixNode = (value: Value): Node | undefined =>
  isMatrix(value) ? producer(value) : undefined;

/** A factor, or the transpose of one that was made while flattening, in terms of rewritten values. */
function rebuiltFactor(factor: Value, current: (value: Value) => Value): Value {
  const known = current(factor);
  const node = producer(factor);
  if (known !== factor || node?.type !== "Transpose") return known;
  return node.rebuild(node.inputs.map(current))[0] ?? known;
}

/** The product of a chain in the order with the fewest multiplications. */
function cheapestProduct(chain: readonly Value[]): Value {
  const sizes = chain.map(({ shape }) => staticShape("reassociate", shape));
  const dims = [sizes[0]?.[0] ?? 1, ...sizes.map(([, columns]) => columns ?? 1)];
  const best = new Map<string, { readonly cost: number; readonly cut: number }>();
  const cost = (from: number, to: number): number => {
    if (from === to) return 0;
    const key = `${from},${to}`;
    const known = best.get(key);
    if (known) return known.cost;
    let choice = { cost: Infinity, cut: from };
    for (let cut = from; cut < to; cut++) {
      const last = (dims[from] ?? 1) * (dims[cut + 1] ?? 1) * (dims[to + 1] ?? 1);
      const total = cost(from, cut) + cost(cut + 1, to) + last;
      if (total < choice.cost) choice = { cost: total, cut };
    }
    best.set(key, choice);
    return choice.cost;
  };
  const product = (from: number, to: number): Value => {
    const only = chain[from];
    if (from === to && only) return only;
    cost(from, to);
    const cut = best.get(`${from},${to}`)?.cut ?? from;
    return matmul(product(from, cut), product(cut + 1, to));
  };
  return product(0, chain.length - 1);
}

/** A product with one factor that is a sum of products or a scattered gradient, where another order is cheaper. */
function distribute([a, b]: readonly Value[], once: (value: Value) => boolean): Value | undefined {
  if (!a || !b) return undefined;
  const [rows = 0, inner = 0] = staticShape("reassociate", a.shape);
  const columns = staticShape("reassociate", b.shape)[1] ?? 0;
  if (columns < inner && once(a)) {
    const scatter = zeroScatter(a);
    if (scatter) {
      const narrow = matmul(scatter.updates, b);
      return scatterAdd(fill(narrow, 0, [rows, columns]), scatter.indices, narrow);
    }
    const terms = sumOfProducts(a);
    if (terms) return add(reassociated(terms[0], b), reassociated(terms[1], b));
  }
  if (rows < inner && once(b)) {
    const scatter = zeroScatter(b);
    if (scatter) return matmul(gather(a, scatter.indices, 1), scatter.updates);
    const terms = sumOfProducts(b);
    if (terms) return add(reassociated(a, terms[0]), reassociated(a, terms[1]));
  }
  return undefined;
}

const reassociated = (a: Value, b: Value): Value => reassociate([matmul(a, b)])[0] ?? matmul(a, b);

/** A sum with a scattered gradient, scattered into the other term. */
function scatterInto([a, b]: readonly Value[]): Value | undefined {
  const scatter = b && isMatrix(b) ? zeroScatter(b) : undefined;
  if (!a || !b || !scatter || !sameShape(a.shape, b.shape)) return undefined;
  return scatterAdd(a, scatter.indices, scatter.updates);
}

/** The terms of x + y, if both contain a product that a narrow factor would make cheaper. */
function sumOfProducts(value: Value): readonly [Value, Value] | undefined {
  const node = producer(value);
  const [x, y] = node?.inputs ?? [];
  if (node?.type !== "Add" || !x || !y || !isMatrix(x) || !isMatrix(y)) return undefined;
  return [x, y].every(isProduct) ? [x, y] : undefined;
}

function isProduct(value: Value): boolean {
  const node = producer(value);
  const [operand] = node?.inputs ?? [];
  if (node?.type === "Transpose" && operand) return isProduct(operand);
  return node?.type === "MatMul" || zeroScatter(value) !== undefined || !!sumOfProducts(value);
}

/** The indices and rows of `scatterAdd(0, indices, rows)`. */
function zeroScatter(value: Value): { indices: Value; updates: Value } | undefined {
  const node = producer(value);
  const [base, positions, updates] = node?.inputs ?? [];
  if (node?.type !== "ScatterElements" || !base || !positions || !updates) return undefined;
  const zero = producer(base)?.inputs[0]?.source;
  const isZero = zero?.kind === "constant" && Number(zero.tensor.data[0]) === 0;
  const expanded = producer(positions);
  const column =
    expanded?.type === "Expand" ? producer(expanded.inputs[0] ?? positions) : undefined;
  const indices = column?.type === "Reshape" ? column.inputs[0] : undefined;
  if (producer(base)?.type !== "Expand" || !isZero || indices?.shape.length !== 1) return undefined;
  return { indices, updates };
}
