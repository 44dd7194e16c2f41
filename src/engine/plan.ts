/**
 * @file What becomes of each parameter: frozen, dense or compressed, by which rule, at what cost. Decided once, shown to the user,
 * and followed by everything else.
 */

import { type AccumulatorDType, takingRows } from "../compress/accumulator.ts";
import {
  accumulatorOf,
  type Compression,
  type Compressor,
  isCompression,
} from "../compress/compressor.ts";
import { withOwnMomentum } from "../compress/carried-momentum.ts";
import type { StepRule } from "../compress/flora.ts";
import { smallestSafeInterval } from "../compress/projection.ts";
import {
  hasMaster,
  type ParamPlan,
  type Plan,
  type PlannedWeight,
  type Rows,
} from "./parts/param-plan.ts";
import { option, UsageError } from "../errors.ts";
import { headParams, headRows, type Model, paramsInUse } from "../models/model.ts";
import type { ParamSpec } from "../nn/params.ts";
import {
  type BaseDType,
  baseDTypeOf,
  type ComputeDType,
  roundedTypes,
} from "../nn/weights-at-rest.ts";
import { type Optimizer, ruleAt } from "../optim/optimizer.ts";
import type { WeightDType, WeightUpdate } from "../optim/rounding.ts";
import { stateBytes } from "../optim/transform.ts";
import { tensorBytes } from "../tensor/host-tensor.ts";

/** Which parameters are trained, and at which rate; what the plan does not decide itself. */
export interface Trainable {
  /** Why a parameter is frozen; undefined where it is trained. */
  frozen(name: string): string | undefined;
  /** A parameter's learning rate, in units of the run's. */
  rateFactor(name: string): number;
  /** The rows of a parameter that are trained, if not all; the others stay as they are. */
  rows?(name: string): Rows | undefined;
}

export const EVERYTHING: Trainable = { frozen: () => undefined, rateFactor: () => 1 };

/** What decides how parameters are kept and trained. */
export interface PlanOptions {
  readonly compressor: Compressor;
  readonly optimizer: Optimizer;
  /** How accumulated gradients of matrices are stored; float32 by default. */
  readonly accumulatorDtype?: AccumulatorDType;
  /** How matrices and embeddings rest; float32 by default. */
  readonly weightDtype?: WeightDType;
  /** As what the linear maps rest that are frozen, the head left out; as `weightDtype` says if absent. */
  readonly baseDtype?: BaseDType | undefined;
  /** In what the products with those in int8 are computed in training; float32 by default. */
  readonly compute?: ComputeDType | undefined;
  /** How weights in sixteen bits take their updates; "stochastic" by default. */
  readonly weightUpdate?: WeightUpdate;
  /** Rows of the output embedding that are computed at a time; 4096 by default. */
  readonly vocabularyChunk?: number;
  /**
   * Whether the gradient of each step must be known by itself, as it is where it is clipped to a norm, reduced or left out: then no momentum
   * is kept in accumulators. False by default.
   */
  readonly keepsGradientsApart?: boolean;
  /** All parameters by default. */
  readonly trainable?: Trainable;
}

/**
 * The plan for all parameters of a model.
 *
 * @throws {UsageError} if state that is moved between subspaces would grow without bound.
 */
export function planParameters(model: Model, options: PlanOptions): Plan {
  const { weightDtype = "float32", vocabularyChunk = 4096, trainable = EVERYTHING } = options;
  const chunked = headRows(model) > vocabularyChunk;
  const ofHead = headParams(model);
  const inUse = paramsInUse(model);
  return new Map(
    [...model.params].map(([name, spec]) => {
      const reason = inUse.has(name) ? trainable.frozen(name) : "not used";
      const param = { name, spec, dtype: floatDType(spec, weightDtype) };
      const isHead = ofHead.includes(name);
      if (reason !== undefined) {
        const baseDtype = isHead ? undefined : baseDTypeFor(spec, options.baseDtype);
        const inEightBits = options.compute === "int8" && baseDtype === "int8";
        return [name, frozenParameter({ ...param, baseDtype, inEightBits }, reason)];
      }
      const isChunked = chunked && isHead;
      const rateFactor = trainable.rateFactor(name);
      const rows = trainable.rows?.(name);
      return [name, planParameter({ ...param, isHead, isChunked, rateFactor, rows }, options)];
    }),
  );
}

/** Vectors are small and their updates fine, and adapters are what is trained: both stay whole. */
const floatDType = ({ role }: ParamSpec, dtype: WeightDType): WeightDType =>
  role === "matrix" || role === "embedding" ? dtype : "float32";

/** Linear maps alone: a look-up in a table takes a few of its rows. */
const baseDTypeFor = ({ shape, inputAxis }: ParamSpec, wanted: BaseDType | undefined) =>
  wanted && inputAxis !== undefined ? baseDTypeOf(shape, wanted) : undefined;

type PlannedParam = Pick<ParamPlan, "name" | "spec" | "dtype" | "baseDtype" | "inEightBits">;

const frozenParameter = (param: PlannedParam, reason: string): ParamPlan => ({
  ...param,
  training: undefined,
  treatment: `frozen: ${[reason, ...(param.baseDtype ? [param.baseDtype] : [])].join(", ")}`,
  key: JSON.stringify([
    param.spec.shape,
    param.baseDtype ?? param.dtype,
    param.inEightBits ? "frozen, products in int8" : "frozen",
  ]),
});

interface TrainedParam extends PlannedParam {
  readonly isHead: boolean;
  readonly isChunked: boolean;
  readonly rateFactor: number;
  readonly rows: Rows | undefined;
}

function planParameter(
  { name, spec, dtype, isHead, isChunked, rateFactor, rows }: TrainedParam,
  options: PlanOptions,
): ParamPlan {
  const { compressor, optimizer, weightUpdate = "stochastic" } = options;
  const label = optimizer.labelOf({ ...spec, name, isHead });
  const base = ruleAt(optimizer, label);
  const found = rows
    ? { reason: `${rows.end - rows.start} new rows` }
    : compressor.compress({ ...spec, name, inChunks: isChunked }, base);
  const compression = isCompression(found) ? found : undefined;
  const gradientCompression = compressor.needsWholeGradients === true ? undefined : compression;
  // Vectors are too small to save on, and a scale belongs to no rows of a vocabulary that is computed in chunks.
  const accumulated =
    spec.shape.length === 2 && !isChunked ? (options.accumulatorDtype ?? "float32") : "float32";
  const rule = ruleOf(compressor.rule(base, compression?.projection), compression, options);
  if (compression) checkInterval(name, { compression, rule, interval: compressor.resampleEvery });
  const trained = trainedShape(spec, rows);
  const ofShape = (shape: readonly number[]) =>
    accumulatorOf(shape, gradientCompression, accumulated);
  const treatment = [
    isCompression(found) ? found.description : `dense: ${found.reason}`,
    ...(compression && !gradientCompression ? ["gradient dense"] : []),
    ...(accumulated === "int8" ? ["int8"] : []),
  ].join(", ");
  return {
    name,
    spec,
    dtype,
    training: {
      compression,
      gradientProjection: gradientCompression?.projection,
      rows,
      accumulator: rows ? takingRows(ofShape(trained), rows) : ofShape(trained),
      accumulatorOfRows: ofShape,
      rule,
      state: rule.init(trained),
      rateFactor,
      weightUpdate,
    },
    treatment,
    key: JSON.stringify([
      spec.shape,
      dtype,
      compression?.projection ?? null,
      accumulated,
      label,
      rows,
    ]),
  };
}

const trainedShape = ({ shape }: ParamSpec, rows: Rows | undefined): readonly number[] =>
  rows ? shape.with(0, rows.end - rows.start) : shape;

const ruleOf = (
  rule: StepRule,
  compression: Compression | undefined,
  { keepsGradientsApart = false }: PlanOptions,
): StepRule =>
  keepsGradientsApart && compression ? withOwnMomentum(rule, compression.projection) : rule;

interface MovedState {
  readonly compression: Compression;
  readonly rule: StepRule;
  readonly interval: number;
}

/** @throws {UsageError} if state that is moved into drawn subspaces grows faster than it decays. */
function checkInterval(name: string, { compression, rule, interval }: MovedState): void {
  if (rule.decay === undefined || compression.subspace.kind !== "drawn") return;
  const smallest = smallestSafeInterval(compression.projection, rule.decay);
  if (interval >= smallest) return;
  throw new UsageError(
    `${option("resampleEvery")}: the momentum of ${name} would grow without bound; got ${interval}`,
    {
      hint: `use ${option("resampleEvery")} ${smallest} or more, a higher rank, or a smaller momentum`,
    },
  );
}

/** How one parameter is kept while training. */
export interface ParameterPlan {
  readonly name: string;
  readonly shape: readonly number[];
  /** Why it is dense, or how it is compressed: "rank 128 of 768 columns", "dense: excluded", "dense: bias". */
  readonly treatment: string;
  readonly compressed: boolean;
  /** Whether it is never updated, and its gradient never computed. */
  readonly frozen: boolean;
  readonly weightBytes: number;
  /** Those of the rows that are trained, where these are not all. */
  readonly trainedBytes?: number;
  readonly accumulatorBytes: number;
  readonly optimizerBytes: number;
}

/** The plan as users see it. */
export const describePlan = (plan: Plan): readonly ParameterPlan[] =>
  [...plan.values()].map(({ name, spec, dtype, baseDtype, treatment, training }) => ({
    name,
    shape: spec.shape,
    treatment,
    compressed: training?.compression !== undefined,
    frozen: training === undefined,
    weightBytes: weightBytes({ spec, dtype, baseDtype }),
    ...(training?.rows && { trainedBytes: tensorBytes(dtype, trainedShape(spec, training.rows)) }),
    accumulatorBytes: training ? stateBytes(training.accumulator.state) : 0,
    optimizerBytes: training
      ? stateBytes(training.state) +
        (hasMaster(dtype, training) ? tensorBytes("float32", spec.shape) : 0)
      : 0,
  }));

/** Bytes of a weight at rest. */
function weightBytes({ spec, dtype, baseDtype }: PlannedWeight): number {
  if (!baseDtype) return tensorBytes(dtype, spec.shape);
  const { codes, scales } = roundedTypes(spec.shape, baseDtype);
  return tensorBytes(codes.dtype, codes.shape) + tensorBytes(scales.dtype, scales.shape);
}
