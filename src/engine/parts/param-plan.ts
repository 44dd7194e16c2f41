/** @file What becomes of each parameter: frozen, dense or compressed, and by which rule it is updated. */

import type { Accumulator } from "../../compress/accumulator.ts";
import type { Compression } from "../../compress/compressor.ts";
import type { StepRule } from "../../compress/flora.ts";
import type { Projection } from "../../compress/projection.ts";
import type { ParamSpec } from "../../nn/params.ts";
import { type BaseDType, roundedTypes } from "../../nn/weights-at-rest.ts";
import type { WeightDType, WeightUpdate } from "../../optim/rounding.ts";
import type { StateSpec } from "../../optim/transform.ts";
import type { DType } from "../../tensor/dtype.ts";

/** How one parameter is kept and trained. */
export interface ParamPlan {
  readonly name: string;
  readonly spec: ParamSpec;
  /** How the weight is kept at rest, unless it is rounded. */
  readonly dtype: WeightDType;
  /** As what a frozen matrix rests in fewer than sixteen bits. */
  readonly baseDtype?: BaseDType | undefined;
  /** Whether what is multiplied with it in training is rounded to eight bits too. */
  readonly inEightBits?: boolean | undefined;
  /** Absent for a frozen parameter, whose gradient is never computed. */
  readonly training: ParamTraining | undefined;
  /** The treatment in words. */
  readonly treatment: string;
  /** Parameters with equal keys are trained by the same programs. */
  readonly key: string;
}

/** Rows `start` to `end` (exclusive) of a parameter. */
export interface Rows {
  readonly start: number;
  readonly end: number;
}

/** How the gradients of one parameter are kept, and its weight updated. */
export interface ParamTraining {
  /** The rows that are trained, of which alone there are gradients and state; all if absent. */
  readonly rows?: Rows | undefined;
  /** How state is compressed, and gradients too unless the rule needs them whole; undefined for a dense parameter. */
  readonly compression: Compression | undefined;
  /** How gradients are compressed while they accumulate. */
  readonly gradientProjection: Projection | undefined;
  readonly accumulator: Accumulator;
  /** The accumulator of some of its rows. */
  accumulatorOfRows(shape: readonly number[]): Accumulator;
  readonly rule: StepRule;
  readonly state: Readonly<Record<string, StateSpec>>;
  /** The parameter's learning rate, in units of the run's. */
  readonly rateFactor: number;
  /** How a weight in sixteen bits takes its update. */
  readonly weightUpdate: WeightUpdate;
}

/** How each parameter is trained, by its name. */
export type Plan = ReadonlyMap<string, ParamPlan>;

/** The type of the tensor as which a weight rests: of its whole numbers, if it is rounded. */
export const restingDType = ({ spec, dtype, baseDtype }: PlannedWeight): DType =>
  baseDtype ? roundedTypes(spec.shape, baseDtype).codes.dtype : dtype;

/** What of a plan says how a weight rests. */
export type PlannedWeight = Pick<ParamPlan, "spec" | "dtype" | "baseDtype">;

/** Whether a weight has a copy in float32. */
export const hasMaster = (dtype: WeightDType, training: ParamTraining | undefined): boolean =>
  dtype !== "float32" && training?.weightUpdate === "master";

export function planOf(plan: Plan, name: string): ParamPlan {
  const found = plan.get(name);
  if (found) return found;
  throw new Error(`internal: no plan for ${name}`);
}

/** How a parameter is trained. */
export function trainingOf(plan: Plan, name: string): ParamTraining {
  const { training } = planOf(plan, name);
  if (training) return training;
  throw new Error(`internal: ${name} is frozen`);
}
