/**
 * @file The programs of a stage. Two for each kind of stage and shape of batch:
 *
 *   forward    (x, params)                          -> y            [+ residuals]
 *   backward   (x | residuals, params, dy, acc, A)  -> dx, acc'
 *
 * The gradient of a parameter is consumed where it is born: what leaves the program is the accumulator with the gradient in it.
 */

import { splitAtResiduals, vjp } from "../autodiff/index.ts";
import { mapTensors, tensorAt, type Tensors } from "../graph/tensors.ts";
import { input, type Value, type ValueType } from "../graph/value.ts";
import type { Stage } from "../models/model.ts";
import type { DropoutMasks } from "../nn/dropout.ts";
import { compile, optimize, type Program } from "../onnx/model.ts";
import { isFloat } from "../tensor/dtype.ts";
import type { Accumulator } from "../optim/accumulator.ts";
import type { Projection } from "../optim/projection.ts";
import type { ParamPlan, ParamTraining } from "./plan.ts";

/** Names of program inputs and outputs that are not parameters of the stage. An accumulator has one or more tensors. */
export const accumulatorName = (param: string, key: string): string => `acc:${param}/${key}`;
export const nextAccumulatorName = (param: string, key: string): string => `acc':${param}/${key}`;
export const projectionName = (param: string): string => `A:${param}`;
export const maskName = (name: string): string => `mask:${name}`;

export interface StagePrograms {
  readonly forward: Program;
  readonly backward: Program;
  /** `forward` without dropout and without residuals. */
  readonly evaluate: Program;
  /** Forward outputs that the backward program reads. */
  readonly residuals: Readonly<Record<string, ValueType>>;
  /** Dropout rates by mask name. */
  readonly masks: ReadonlyMap<string, number>;
  readonly y: ValueType;
}

export interface StageOptions {
  /** The stage's input: token ids for the first stage. */
  readonly x: ValueType;
  /** By the parameters' names inside the stage. */
  readonly plans: Readonly<Record<string, ParamPlan>>;
  readonly recompute: boolean;
  /** Whether anything before this stage is trained, so that the cotangent of x is wanted. */
  readonly needsDx: boolean;
}

export function buildStage(
  stage: Stage,
  { x: xType, plans, recompute, needsDx }: StageOptions,
): StagePrograms {
  const x = input("x", xType.dtype, xType.shape);
  const params = mapTensors(plans, ({ spec }, name) => input(name, "float32", spec.shape));
  const evaluated = stage.forward(x, params);

  const masks = new Map<string, number>();
  const drawn: DropoutMasks = {
    mask(name, shape, rate) {
      masks.set(maskName(name), rate);
      return input(maskName(name), "uint8", shape);
    },
  };
  const y = stage.forward(x, params, drawn);
  const dy = input("dy", y.dtype, y.shape);
  const backward = backwardOutputs({ x, params, y, dy, plans, needsDx });
  const evaluate = compile({ y: evaluated });

  if (recompute) {
    return {
      evaluate,
      forward: masks.size === 0 ? evaluate : compile({ y }),
      backward: compile(backward),
      residuals: {},
      masks,
      y,
    };
  }
  // What is worth keeping depends on the order of the products, so that is settled first.
  const [forwardY = y, ...values] = optimize([y, ...Object.values(backward)]);
  const split = splitAtResiduals(values, (name) => name === "dy" || name.startsWith("acc:"));
  const names = Object.keys(backward);
  return {
    evaluate,
    forward: compile({ y: forwardY, ...split.residuals }),
    backward: compile(Object.fromEntries(split.backward.map((v, i) => [names[i] ?? "", v]))),
    residuals: split.residuals,
    masks,
    y,
  };
}

interface JointGraph extends Pick<StageOptions, "plans" | "needsDx"> {
  readonly x: Value;
  readonly params: Tensors;
  readonly y: Value;
  readonly dy: Value;
}

/** dx (none for token ids) and every accumulator with the gradient in it. */
function backwardOutputs({ x, params, y, dy, plans, needsDx }: JointGraph): Tensors {
  const trained = Object.entries(plans).flatMap(([name, { training }]) =>
    training ? [{ name, training }] : [],
  );
  const differentiable = needsDx && isFloat(x.dtype);
  const wrt = [
    ...(differentiable ? [x] : []),
    ...trained.map(({ name }) => tensorAt(params, name)),
  ];
  const cotangents = vjp([y], [dy], wrt);
  const grads = differentiable ? cotangents.slice(1) : cotangents;
  const [dx] = cotangents;
  const accumulated = trained.flatMap(({ name, training }, i) => {
    const gradient = grads[i];
    if (!gradient) throw new Error(`internal: no gradient of ${name}`);
    return Object.entries(accumulateInto(name, training, training.accumulator, gradient));
  });
  return { ...(differentiable && dx && { dx }), ...Object.fromEntries(accumulated) };
}

/** An accumulator with a gradient in it, as outputs; the accumulator and the projection are inputs. */
export function accumulateInto(
  name: string,
  { gradientProjection }: ParamTraining,
  accumulator: Accumulator,
  gradient: Value,
): Tensors {
  const state = mapTensors(accumulator.state, ({ dtype = "float32", shape }, key) =>
    input(accumulatorName(name, key), dtype, shape),
  );
  const a = gradientProjection && projectionInput(name, gradientProjection);
  const next = accumulator.accumulate(state, gradient, a);
  return Object.fromEntries(
    Object.entries(next).map(([key, value]) => [nextAccumulatorName(name, key), value]),
  );
}

const projectionInput = (name: string, { rank, dimension }: Projection): Value =>
  input(projectionName(name), "float32", [rank, dimension]);
