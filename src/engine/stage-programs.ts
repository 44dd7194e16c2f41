/**
 * @file The programs of a stage. Two for each kind of stage and shape of batch:
 *
 *   forward    (x, read, params)                          -> y            [+ residuals]
 *   backward   (x, read | residuals, params, dy, acc, A)  -> dx, acc'     [+ dEncoded']
 *
 * What several stages read, the output of the encoder, gets the sum of their cotangents: dEncoded' = dEncoded + that of this stage.
 *
 * The gradient of a parameter is consumed where it is born: what leaves the program is the accumulator with the gradient in it.
 */

import { accumulateInto } from "./parts/accumulate.ts";
import { ENCODER_COTANGENT, isAccumulator, maskName, nextName, NOISE } from "./parts/names.ts";
import { type ParamPlan, restingDType } from "./parts/param-plan.ts";
import { keptUnder, type Recompute, splitAtResiduals, vjp } from "../autodiff/index.ts";
import { mapTensors, tensorAt, type Tensors } from "../graph/tensors.ts";
import { input, type Value, type ValueType } from "../graph/value.ts";
import { ENCODER_OUTPUT, type Stage } from "../models/model.ts";
import type { DropoutMasks } from "../nn/dropout.ts";
import { roundedInputs, scalesName, weightAtUse } from "../nn/weights-at-rest.ts";
import { compile, optimize, type Program } from "../onnx/model.ts";
import { add } from "../ops/elementwise.ts";
import { eightBitProducts, type RoundedMatrix } from "../ops/passes/eight-bit-products.ts";
import type { Shape } from "../tensor/shape.ts";

export interface StagePrograms {
  readonly forward: Program;
  /** Absent where nothing is to be differentiated. */
  readonly backward: Program | undefined;
  /** `forward` without dropout and without residuals. */
  readonly evaluate: Program;
  /** Forward outputs that the backward program reads. */
  readonly residuals: Readonly<Record<string, ValueType>>;
  /** Dropout rates by mask name. */
  readonly masks: ReadonlyMap<string, number>;
  /** Whether the stage embeds tokens with noise in training. */
  readonly isNoisy: boolean;
  readonly y: ValueType;
}

export interface StageOptions {
  /** What the stage starts from: an input of the model, or the output of the stage before. */
  readonly x: ValueType;
  /** What it reads besides, by name. */
  readonly reads: Readonly<Record<string, ValueType>>;
  /** By the parameters' names inside the stage. */
  readonly plans: Readonly<Record<string, ParamPlan>>;
  readonly recompute: Recompute;
  /** Whether anything before this stage is trained, so that the cotangent of x is wanted. */
  readonly needsDx: boolean;
  /** The same of the output of the encoder. */
  readonly needsDEncoded: boolean;
  /** Whether embeddings of tokens get noise in training. */
  readonly hasNoise: boolean;
}

export function buildStage(stage: Stage, options: StageOptions): StagePrograms {
  const { plans, recompute } = options;
  const x = input("x", options.x.dtype, options.x.shape);
  const inputs = mapTensors(options.reads, ({ dtype, shape }, name) => input(name, dtype, shape));
  // The gradient is that of what is computed with, in float32.
  const params = mapTensors(plans, (own, name) =>
    weightAtUse(name, own.spec.shape, restingDType(own)),
  );
  const evaluated = stage.forward(x, params, { inputs });

  const masks = new Map<string, number>();
  let isNoisy = false;
  const drawn: DropoutMasks = {
    mask(name, shape, rate) {
      masks.set(maskName(name), rate);
      return input(maskName(name), "uint8", shape);
    },
    ...(options.hasNoise && {
      noise(shape: Shape) {
        isNoisy = true;
        return input(NOISE, "float32", shape);
      },
    }),
  };
  const exact = stage.forward(x, params, { inputs, masks: drawn });
  const dy = input("dy", exact.dtype, exact.shape);
  const exactBackward = backwardOutputs({ ...options, x, inputs, params, y: exact, dy });
  const names = Object.keys(exactBackward);
  const inEightBits = matricesInEightBits(plans, params);
  const [y = exact, ...gradients] = eightBitProducts(
    [exact, ...Object.values(exactBackward)],
    inEightBits,
  );
  const backward = Object.fromEntries(names.map((name, i) => [name, gradients[i] ?? y]));
  const evaluate = compile({ y: evaluated });
  const isAsEvaluated = masks.size === 0 && !isNoisy && inEightBits.size === 0;

  if (recompute === "all" || names.length === 0) {
    return {
      evaluate,
      forward: isAsEvaluated ? evaluate : compile({ y }),
      backward: names.length === 0 ? undefined : compile(backward),
      residuals: {},
      masks,
      isNoisy,
      y,
    };
  }
  // What is worth keeping depends on the order of the products, so that is settled first.
  const [forwardY = y, ...values] = optimize([y, ...Object.values(backward)]);
  const rounded = Object.keys(plans).filter((name) => plans[name]?.baseDtype);
  const atRest = new Set(rounded.flatMap((name) => [name, scalesName(name)]));
  const split = splitAtResiduals(values, isFedLate, keptUnder(recompute, [forwardY], atRest));
  return {
    evaluate,
    forward: compile({ y: forwardY, ...split.residuals }),
    backward: compile(Object.fromEntries(split.backward.map((v, i) => [names[i] ?? "", v]))),
    residuals: split.residuals,
    masks,
    isNoisy,
    y,
  };
}

/** Matrices with which products are in eight bits, by their values in float32. */
const matricesInEightBits = (
  plans: StageOptions["plans"],
  params: Tensors,
): ReadonlyMap<Value, RoundedMatrix> =>
  new Map(
    Object.entries(plans).flatMap(([name, { spec, inEightBits }]) =>
      inEightBits ? [[tensorAt(params, name), roundedInputs(name, spec.shape, "int8")]] : [],
    ),
  );

/** Whether an input is known in the backward pass only. */
const isFedLate = (name: string): boolean =>
  name === "dy" || name === ENCODER_COTANGENT || isAccumulator(name);

interface JointGraph extends Pick<StageOptions, "plans" | "needsDx" | "needsDEncoded"> {
  readonly x: Value;
  readonly inputs: Tensors;
  readonly params: Tensors;
  readonly y: Value;
  readonly dy: Value;
}

/** dx (none for inputs of the model), the cotangent of the encoder's output, and every accumulator with the gradient in it. */
function backwardOutputs(joint: JointGraph): Tensors {
  const { x, inputs, params, y, dy, plans } = joint;
  const trained = Object.entries(plans).flatMap(([name, { training }]) =>
    training ? [{ name, training }] : [],
  );
  const encoded = joint.needsDEncoded ? inputs[ENCODER_OUTPUT] : undefined;
  const before = [...(joint.needsDx ? [x] : []), ...(encoded ? [encoded] : [])];
  const weights = trained.map(({ name }) => tensorAt(params, name));
  const cotangents = vjp([y], [dy], [...before, ...weights]);
  const dx = joint.needsDx ? cotangents[0] : undefined;
  const dEncoded = encoded && cotangents[before.length - 1];
  const grads = cotangents.slice(before.length);
  const accumulated = trained.flatMap(({ name, training }, i) => {
    const gradient = grads[i];
    if (!gradient) throw new Error(`internal: no gradient of ${name}`);
    return Object.entries(
      accumulateInto(name, training.gradientProjection, training.accumulator, gradient),
    );
  });
  const sum = input(ENCODER_COTANGENT, encoded?.dtype ?? "float32", encoded?.shape ?? []);
  return {
    ...(dx && { dx }),
    ...(dEncoded && { [nextName(ENCODER_COTANGENT)]: add(sum, dEncoded) }),
    ...Object.fromEntries(accumulated),
  };
}
