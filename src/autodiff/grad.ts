/**
 * @file Reverse-mode differentiation of graphs, by more graph.
 *
 * Nodes are visited consumers first; each turns the cotangents of its outputs into those of its inputs, which add up. Rules
 * ignore broadcasting: what an operand was repeated over is summed here, once. Cotangents that lead to nothing that was asked
 * for are never built.
 */

import { DTypeError, GraphError, ShapeError } from "../errors.ts";
import { topologicalOrder } from "../graph/topology.ts";
import { type Node, scalarLike, type Value } from "../graph/value.ts";
import { add } from "../ops/elementwise.ts";
import { fill, reshape } from "../ops/movement.ts";
import { reduceSum } from "../ops/reduce.ts";
import { isFloat } from "../tensor/dtype.ts";
import { broadcastAxes, sameShape, staticShape } from "../tensor/shape.ts";

/**
 * Vector-Jacobian product: the cotangents of `wrt`, given those of `outputs`.
 *
 * @param cotangents - one per output, of its shape
 * @returns one per value of `wrt`, of its shape; zeros where no output depends on it
 * @throws {ShapeError} if a cotangent has another shape than its output.
 * @throws {GraphError} if an operator on the way has no derivative.
 */
export function vjp(
  outputs: readonly Value[],
  cotangents: readonly Value[],
  wrt: readonly Value[],
): readonly Value[] {
  const sums = new Map<Value, Value>();
  const flow = (value: Value, cotangent: Value) => {
    const sum = sums.get(value);
    sums.set(value, sum ? add(sum, cotangent) : cotangent);
  };
  for (const [i, output] of outputs.entries()) {
    const cotangent = cotangents[i];
    if (!cotangent || !sameShape(cotangent.shape, output.shape)) {
      throw new ShapeError("vjp: a cotangent must have the shape of its output", {
        output: output.shape,
        ...(cotangent && { cotangent: cotangent.shape }),
      });
    }
    flow(output, cotangent);
  }

  const order = topologicalOrder(outputs);
  const active = dependents(order, wrt);
  for (const node of order.toReversed()) {
    if (!node.outputs.some((output) => active.has(output))) continue;
    const dys = node.outputs.map((output) => sums.get(output));
    if (!dys.some((dy) => dy)) continue;
    if (!node.vjp) throw new GraphError(`vjp: ${node.type} has no derivative`);
    const dxs = node.vjp(dys);
    for (const [i, x] of node.inputs.entries()) {
      const dx = dxs[i];
      if (dx && active.has(x)) flow(x, unbroadcast(node, dx, x));
    }
  }
  return wrt.map((x) => sums.get(x) ?? fill(x, 0, staticShape("vjp", x.shape)));
}

/**
 * The gradient of a scalar.
 *
 * @throws {ShapeError} if `loss` is not a scalar.
 */
export function grad(loss: Value, wrt: readonly Value[]): readonly Value[] {
  if (loss.shape.length > 0) throw new ShapeError("grad: needs a scalar", { loss: loss.shape });
  return vjp([loss], [scalarLike(loss, 1)], wrt);
}

/** All float values that depend on one of `roots`, roots included. */
function dependents(order: readonly Node[], roots: readonly Value[]): ReadonlySet<Value> {
  const active = new Set(roots);
  for (const { inputs, outputs } of order) {
    if (!inputs.some((value) => active.has(value))) continue;
    for (const output of outputs) if (isFloat(output.dtype)) active.add(output);
  }
  return active;
}

function unbroadcast(node: Node, dx: Value, x: Value): Value {
  if (dx.dtype !== x.dtype) {
    throw new DTypeError(`vjp of ${node.type}: element types differ`, { dx: dx.dtype, x: x.dtype });
  }
  if (sameShape(dx.shape, x.shape)) return dx;
  const axes = broadcastAxes(x.shape, dx.shape);
  return reshape(reduceSum(dx, { axes, keepDims: true }), x.shape);
}
