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
 *
 * Of a product that is made for some of its rows or columns alone, only these are made:
 *
 *   (X Y)[:, i] = X Y[:, i],   (X Y)[i, :] = X[i, :] Y
 */

import { topologicalOrder, useCounts } from "../../graph/topology.ts";
import { type Node, producer, type Value } from "../../graph/value.ts";
import { elementCount, sameShape, staticShape } from "../../tensor/shape.ts";
import { add } from "../elementwise.ts";
import { gather, scatterAdd } from "../indexing.ts";
import { matmul } from "../matmul.ts";
import { fill, matrixTranspose } from "../movement.ts";

/** How long a scattered element takes, in multiplications of a product: measured on onnxruntime's CPU. */
const SCATTERED_ELEMENT = 5000;

/** A way to compute a product, and the multiplications that it takes from its factors on. */
interface Plan {
  readonly cost: number;
  build(): Value;
}

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
  const inOrder = (chain: readonly Value[]): Plan =>
    cheapestProduct(chain.map((factor) => rebuiltFactor(factor, current)));

  /** What it costs to have a value that only its one reader needs. */
  const making = (value: Value): number => {
    if (!once(value)) return 0;
    const chain = factors(value);
    if (chain.length > 1) return inOrder(chain).cost;
    const terms = sumOf(value);
    if (terms) return making(terms[0]) + making(terms[1]);
    const scatter = zeroScatter(value);
    return scatter
      ? elementCount(scatter.updates.shape) * SCATTERED_ELEMENT + making(scatter.updates)
      : 0;
  };

  /** a · b without the sum or the scatter that a or b is. */
  const distribute = (a: Value, b: Value): readonly Plan[] => {
    const plans: Plan[] = [];
    const [left, right] = [a, b].map((value) => (once(value) ? sumOf(value) : undefined));
    if (left) plans.push(plus(multiply(left[0], b), multiply(left[1], b)));
    if (right) plans.push(plus(multiply(a, right[0]), multiply(a, right[1])));
    const [onLeft, onRight] = [a, b].map((value) => (once(value) ? zeroScatter(value) : undefined));
    if (onLeft) {
      const narrow = multiply(onLeft.updates, b);
      const [rows = 0] = staticShape("reassociate", a.shape);
      const [, columns = 0] = staticShape("reassociate", b.shape);
      plans.push({
        cost: narrow.cost + elementCount(onLeft.indices.shape) * columns * SCATTERED_ELEMENT,
        build() {
          const updates = narrow.build();
          return scatterAdd(fill(updates, 0, [rows, columns]), current(onLeft.indices), updates);
        },
      });
    }
    if (onRight) {
      const rows = factors(onRight.updates).map((factor) => rebuiltFactor(factor, current));
      plans.push(cheapestProduct([gather(current(a), current(onRight.indices), 1), ...rows]));
    }
    return plans;
  };

  /** The cheapest way to a · b, and whether it is the one that the graph has already. */
  const multiply = (a: Value, b: Value): Plan & { readonly asWritten: boolean } => {
    const sides = [factors(a), factors(b)];
    const chain = sides.flat();
    const product = inOrder(chain);
    const operands = [a, b].filter((_, i) => sides[i]?.length === 1);
    const cost = operands.reduce((sum, value) => sum + making(value), product.cost);
    const plans = chain.length === 2 ? distribute(a, b) : [];
    const best = plans.reduce<Plan>((least, plan) => (plan.cost < least.cost ? plan : least), {
      ...product,
      cost,
    });
    const asWritten = chain.length === 2 && !plans.includes(best);
    return { ...best, asWritten };
  };

  /** Rows or columns of a matrix, of which no more is made than they need. */
  const chosen = (value: Value, indices: Value, axis: number): Value => {
    const node = once(value) ? matrixNode(value) : undefined;
    const [a, b] = node?.inputs ?? [];
    if (node?.type === "Transpose" && a) return matrixTranspose(chosen(a, indices, 1 - axis));
    if (node?.type === "MatMul" && a && b) {
      return axis === 0
        ? matmul(chosen(a, indices, axis), current(b))
        : matmul(current(a), chosen(b, indices, axis));
    }
    const terms = sumOf(value);
    if (node && terms) return add(chosen(terms[0], indices, axis), chosen(terms[1], indices, axis));
    const scatter = node && axis === 1 ? zeroScatter(value) : undefined;
    if (scatter) {
      const updates = chosen(scatter.updates, indices, axis);
      const [rows = 0] = staticShape("reassociate", value.shape);
      const [, columns = 0] = staticShape("reassociate", updates.shape);
      return scatterAdd(fill(updates, 0, [rows, columns]), current(scatter.indices), updates);
    }
    return gather(current(value), indices, axis);
  };

  for (const node of topologicalOrder(outputs)) {
    const inputs = node.inputs.map(current);
    const moved = inputs.some((value, i) => value !== node.inputs[i]);
    const [a, b] = node.inputs;
    const plan =
      node.type === "MatMul" && a && b && isMatrix(a) && isMatrix(b) ? multiply(a, b) : undefined;
    const axis = chosenAxis(node);
    const better =
      axis !== undefined && a && b
        ? chosen(a, current(b), axis)
        : plan && !plan.asWritten
          ? plan.build()
          : node.type === "Add" && b && once(b)
            ? scatterInto(inputs)
            : undefined;
    const results = better ? [better] : moved ? node.rebuild(inputs) : node.outputs;
    node.outputs.forEach((output, i) => replaced.set(output, results[i] ?? output));
  }
  return outputs.map(current);
}

/** The axis along which a node chooses rows or columns of a matrix that is computed. */
function chosenAxis({ type, inputs: [data, indices], onnx }: Node): number | undefined {
  const axis = onnx.attributes?.["axis"];
  const isOne = type === "Gather" && indices?.shape.length === 1 && data && matrixNode(data);
  return isOne && axis?.kind === "int" ? axis.value : undefined;
}

const isMatrix = ({ shape }: Value): boolean =>
  shape.length === 2 && shape.every((dim) => typeof dim === "number");

const matrixNode = (value: Value): Node | undefined =>
  isMatrix(value) ? producer(value) : undefined;

const plus = (x: Plan, y: Plan): Plan => ({
  cost: x.cost + y.cost,
  build() {
    const terms = [x.build(), y.build()] as const;
    return scatterInto(terms) ?? add(...terms);
  },
});

/** A factor, or the transpose of one that was made while flattening, in terms of rewritten values. */
function rebuiltFactor(factor: Value, current: (value: Value) => Value): Value {
  const known = current(factor);
  const node = producer(factor);
  if (known !== factor || node?.type !== "Transpose") return known;
  return node.rebuild(node.inputs.map(current))[0] ?? known;
}

/** The product of a chain in the order with the fewest multiplications. */
function cheapestProduct(chain: readonly Value[]): Plan {
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
    const cut = best.get(`${from},${to}`)?.cut ?? from;
    return matmul(product(from, cut), product(cut + 1, to));
  };
  const last = chain.length - 1;
  return { cost: cost(0, last), build: () => product(0, last) };
}

/** A sum with a scattered gradient, scattered into the other term. */
function scatterInto([a, b]: readonly Value[]): Value | undefined {
  const scatter = b && isMatrix(b) ? zeroScatter(b) : undefined;
  if (!a || !b || !scatter || !sameShape(a.shape, b.shape)) return undefined;
  return scatterAdd(a, scatter.indices, scatter.updates);
}

/** The terms of x + y, where both are matrices of its shape. */
function sumOf(value: Value): readonly [Value, Value] | undefined {
  const node = matrixNode(value);
  const [x, y] = node?.inputs ?? [];
  if (node?.type !== "Add" || !x || !y) return undefined;
  return sameShape(x.shape, value.shape) && sameShape(y.shape, value.shape) ? [x, y] : undefined;
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
