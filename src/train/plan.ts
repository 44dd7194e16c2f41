/**
 * @file What becomes of each parameter: frozen, dense or compressed, by which rule, at what cost. Decided once, shown to the user,
 * and followed by everything else.
 */

import { headParams, headRows, type Model, paramsInUse } from "../models/model.ts";
import { UsageError } from "../errors.ts";
import type { ParamSpec } from "../nn/params.ts";
import { accumulator, type AccumulatorDType } from "../compress/accumulator.ts";
import { ADAMW_DECAY, baseOptimizer } from "../optim/base.ts";
import { compressedAdamRule } from "../compress/compressed-adam.ts";
import { referenceStepRule, type StepRule, stepRule } from "../compress/flora.ts";
import type { WeightDType } from "../optim/rounding.ts";
import { type Projection, smallestSafeInterval } from "../compress/projection.ts";
import { stateBytes } from "../optim/transform.ts";
import { tensorBytes } from "../tensor/host-tensor.ts";
import { matches } from "../models/patterns.ts";
import { hasMaster, type ParamPlan, type Plan } from "../engine/param-plan.ts";
import type { TrainConfig } from "../options/config.ts";
import type { ParameterPlan } from "../runs/events.ts";

/** Which parameters are trained, and at which rate; what the plan does not decide itself. */
export interface Trainable {
  /** Why a parameter is frozen; undefined where it is trained. */
  frozen(name: string): string | undefined;
  rateFactor(name: string): number;
}

export const EVERYTHING: Trainable = { frozen: () => undefined, rateFactor: () => 1 };

/** Whether state lives in the compressed space from one step to the next. */
const keepsCompressedState = ({ momentum, compressMoments }: TrainConfig): boolean =>
  momentum > 0 || compressMoments;

/** Steps between projections: every step has its own, but a momentum should not be moved often. */
export const resampleInterval = (config: TrainConfig): number =>
  config.resampleEvery ?? (keepsCompressedState(config) ? 1000 : 1);

/**
 * The plan for all parameters of a model.
 *
 * @throws {UsageError} if a momentum would grow without bound, or patterns match nothing.
 */
export function planParameters(
  model: Model,
  config: TrainConfig,
  trainable: Trainable = EVERYTHING,
): Plan {
  const chunked = headRows(model) > config.vocabularyChunk;
  const ofHead = headParams(model);
  const inUse = paramsInUse(model);
  checkPatterns(model, config);
  return new Map(
    [...model.params].map(([name, spec]) => {
      const reason = inUse.has(name) ? trainable.frozen(name) : "not used";
      const dtype = weightDType(spec, config);
      if (reason !== undefined) return [name, frozenParameter({ name, spec, dtype, reason })];
      const isChunked = chunked && ofHead.includes(name);
      const decision = decide(name, spec, config, isChunked);
      const rateFactor = trainable.rateFactor(name);
      return [name, planParameter({ name, spec, dtype, config, decision, isChunked, rateFactor })];
    }),
  );
}

function checkPatterns(model: Model, { include, exclude }: TrainConfig): void {
  for (const pattern of [...include, ...exclude]) {
    const known = [...model.params.keys()].some((name) => matches(pattern, name));
    if (!known) throw new UsageError(`include, exclude: no parameter matches "${pattern}"`);
  }
}

/** Vectors are small and their updates fine, and adapters are what is trained: both stay whole. */
const weightDType = ({ role }: ParamSpec, { weightDtype }: TrainConfig): WeightDType =>
  role === "matrix" || role === "embedding" ? weightDtype : "float32";

const frozenParameter = ({
  name,
  spec,
  dtype,
  reason,
}: Pick<ParamPlan, "name" | "spec" | "dtype"> & { readonly reason: string }): ParamPlan => ({
  name,
  spec,
  dtype,
  training: undefined,
  treatment: `frozen: ${reason}`,
  key: JSON.stringify([spec.shape, dtype, "frozen"]),
});

interface Decision {
  readonly projection: Projection | undefined;
  readonly treatment: string;
}

function decide(name: string, spec: ParamSpec, config: TrainConfig, chunked: boolean): Decision {
  const dense = (reason: string): Decision => ({
    projection: undefined,
    treatment: `dense: ${reason}`,
  });
  const [rows = 0, columns = 0] = spec.shape;
  const { rank, projection: family } = config;
  if (spec.role === "adapter") return dense(spec.role);
  if (config.method !== "flora") return dense("method");
  if (spec.shape.length > 2) return dense(`${spec.shape.length} axes`);
  if (spec.shape.length < 2) return dense(spec.role);
  if (spec.role === "embedding" && !config.compressEmbeddings) return dense(spec.role);
  if (!config.include.some((pattern) => matches(pattern, name))) return dense("not included");
  if (config.exclude.some((pattern) => matches(pattern, name))) return dense("excluded");

  // Rows of an output embedding that is computed in chunks are never together.
  const side = chunked ? "columns" : sideOf(config.side, rows, columns);
  const dimension = side === "rows" ? rows : columns;
  if (rank >= dimension && !(rank === dimension && family === "orthonormal")) {
    return dense(`rank ${rank} saves nothing on ${dimension} ${side}`);
  }
  return {
    projection: { side, rank, dimension, family },
    treatment: `rank ${rank} of ${dimension} ${side}`,
  };
}

function sideOf(side: TrainConfig["side"], rows: number, columns: number): Projection["side"] {
  if (side === "rows" || side === "columns") return side;
  const smaller = rows < columns ? "rows" : "columns";
  if (side === "smaller") return smaller;
  return smaller === "rows" ? "columns" : "rows";
}

interface PlanRequest {
  readonly name: string;
  readonly spec: ParamSpec;
  readonly dtype: WeightDType;
  readonly config: TrainConfig;
  readonly decision: Decision;
  readonly isChunked: boolean;
  readonly rateFactor: number;
}

function planParameter(request: PlanRequest): ParamPlan {
  const { name, spec, config, decision, rateFactor } = request;
  const { projection, treatment } = decision;
  if (projection && keepsCompressedState(config)) checkInterval(name, projection, config);
  const wholeGradient = config.momentum > 0 && config.momentumRule === "reference";
  const gradientProjection = wholeGradient ? undefined : projection;
  const accumulated = accumulatorDType(request);
  const notes = [
    ...(wholeGradient && projection ? [", gradient dense"] : []),
    ...(accumulated === "int8" ? [", int8"] : []),
  ].join("");
  const rule = ruleOf(config, projection);
  return {
    name,
    spec,
    dtype: request.dtype,
    training: {
      projection,
      gradientProjection,
      accumulator: accumulator(spec.shape, { projection: gradientProjection, dtype: accumulated }),
      rule,
      state: rule.init(spec.shape),
      rateFactor,
      weightUpdate: config.weightUpdate,
    },
    treatment: treatment + notes,
    key: JSON.stringify([spec.shape, request.dtype, projection ?? null, accumulated]),
  };
}

/** Vectors are too small to save on, and a scale belongs to no rows of a vocabulary that is computed in chunks. */
function accumulatorDType({ spec, config, isChunked }: PlanRequest): AccumulatorDType {
  return spec.shape.length === 2 && !isChunked ? config.accumulatorDtype : "float32";
}

function ruleOf(config: TrainConfig, projection: Projection | undefined): StepRule {
  const { momentum, momentumRule, optimizer, weightDecay = 0, compressMoments } = config;
  if (compressMoments && (optimizer === "adam" || optimizer === "adamw") && projection) {
    const decay = optimizer === "adamw" ? weightDecay || ADAMW_DECAY : weightDecay;
    return compressedAdamRule({ projection, weightDecay: decay });
  }
  const options = { projection, momentum, base: baseOptimizer(optimizer, weightDecay) };
  return momentum > 0 && momentumRule === "reference"
    ? referenceStepRule(options)
    : stepRule(options);
}

/** β₁ of Adam, whose compressed first moment moves with the projection. */
const ADAM_DECAY = 0.9;

function checkInterval(name: string, projection: Projection, config: TrainConfig): void {
  const decay = config.compressMoments ? ADAM_DECAY : config.momentum;
  const smallest = smallestSafeInterval(projection, decay);
  const interval = resampleInterval(config);
  if (interval < smallest) {
    throw new UsageError(
      `resampleEvery: the momentum of ${name} would grow without bound; got ${interval}`,
      { hint: `use resampleEvery ${smallest} or more, a higher rank, or a smaller momentum` },
    );
  }
}

/** The plan as users see it. */
export const describePlan = (plan: Plan): readonly ParameterPlan[] =>
  [...plan.values()].map(({ name, spec, dtype, treatment, training }) => ({
    name,
    shape: spec.shape,
    treatment,
    compressed: training?.projection !== undefined,
    frozen: training === undefined,
    weightBytes: tensorBytes(dtype, spec.shape),
    accumulatorBytes: training ? stateBytes(training.accumulator.state) : 0,
    optimizerBytes: training
      ? stateBytes(training.state) +
        (hasMaster(dtype, training) ? tensorBytes("float32", spec.shape) : 0)
      : 0,
  }));
