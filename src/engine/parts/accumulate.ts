/** @file Gradients into accumulators, inside the programs in which they are born. */

import type { Accumulator } from "../../compress/accumulator.ts";
import { matrixShape, type Projection } from "../../compress/projection.ts";
import { mapTensors, type Tensors } from "../../graph/tensors.ts";
import { input, type Value } from "../../graph/value.ts";
import { accumulatorName, nextName, projectionName } from "./names.ts";

/** An accumulator with a gradient in it, as outputs; the accumulator and the projection matrix are inputs. */
export function accumulateInto(
  name: string,
  projection: Projection | undefined,
  accumulator: Accumulator,
  gradient: Value,
): Tensors {
  const state = mapTensors(accumulator.state, ({ dtype = "float32", shape }, key) =>
    input(accumulatorName(name, key), dtype, shape),
  );
  const a = projection && projectionInput(name, projection);
  const next = accumulator.accumulate(state, gradient, a);
  return Object.fromEntries(
    Object.entries(next).map(([key, value]) => [nextName(accumulatorName(name, key)), value]),
  );
}

const projectionInput = (name: string, projection: Projection): Value =>
  input(projectionName(name), "float32", matrixShape(projection));
