/**
 * @file The programs that act on one parameter at a time; parameters of one shape and treatment share them.
 *
 *   apply      (param, acc, A, state, scalars)  -> param', state'
 *   norm       (acc)                            -> ‖acc‖²
 *   transfer   (M, A_old, A_new)                -> M'
 */

import { mapTensors, type Tensors } from "../graph/tensors.ts";
import { input, type Value } from "../graph/value.ts";
import { add, mul } from "../ops/elementwise.ts";
import { sumSquares } from "../ops/reduce.ts";
import { compile, type Program } from "../onnx/model.ts";
import { compressedShape, type Projection, transfer } from "../optim/projection.ts";
import type { ParamPlan } from "./plan.ts";

/** A scalar fed at every step: a function of the step, counted from 1. */
export type StepScalars = ReadonlyMap<string, (step: number) => number>;

export interface ApplyProgram {
  readonly program: Program;
  readonly scalars: StepScalars;
}

export const nextName = (name: string): string => `${name}'`;

const scalar = (name: string): Value => input(name, "float32", []);

/**
 * The update of one parameter. Feeds besides `param`, `acc` and the state by name: `A` if it is compressed, `learningRate`,
 * `gradientScale` (what turns the sum in the accumulator into the mean gradient, clipped), and the scalars.
 */
export function buildApply({
  spec,
  accumulator,
  projection,
  rule,
  state,
}: ParamPlan): ApplyProgram {
  const scalars = new Map<string, (step: number) => number>();
  const param = input("param", "float32", spec.shape);
  const sum = input("acc", "float32", accumulator.shape);
  const stateInputs: Tensors = mapTensors(state, ({ shape }, name) =>
    input(name, "float32", shape),
  );
  const result = rule.update(
    mul(sum, scalar("gradientScale")),
    projection && projectionMatrix("A", projection),
    stateInputs,
    {
      param,
      learningRate: scalar("learningRate"),
      stepScalar(name, ofStep) {
        scalars.set(name, ofStep);
        return scalar(name);
      },
    },
  );
  const next = Object.entries(result.state).map(([name, value]) => [nextName(name), value]);
  return {
    program: compile({ "param'": add(param, result.update), ...Object.fromEntries(next) }),
    scalars,
  };
}

/** The squared norm of an accumulator. */
export const buildNorm = (shape: readonly number[]): Program =>
  compile({ squaredNorm: sumSquares(input("acc", "float32", shape)) });

/** A compressed momentum moved from one projection to the next. */
export function buildTransfer(shape: readonly number[], projection: Projection): Program {
  const momentum = input("M", "float32", compressedShape(shape, projection));
  const [from, to] = [projectionMatrix("A_old", projection), projectionMatrix("A_new", projection)];
  return compile({ "M'": transfer(momentum, from, to, projection) });
}

const projectionMatrix = (name: string, { rank, dimension }: Projection): Value =>
  input(name, "float32", [rank, dimension]);
