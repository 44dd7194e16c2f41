/**
 * @file What becomes of each parameter: compressed or dense, by which rule, at what cost. Decided once, shown to the user, and
 * followed by everything else.
 */

import { UsageError } from "../errors.ts";
import type { Model } from "../models/model.ts";
import type { ParamSpec } from "../nn/params.ts";
import { baseOptimizer } from "../optim/base.ts";
import {
  type Accumulator,
  accumulator,
  referenceStepRule,
  type StepRule,
  stepRule,
} from "../optim/flora.ts";
import { type Projection, smallestSafeInterval } from "../optim/projection.ts";
import type { StateSpec } from "../optim/transform.ts";
import { tensorBytes } from "../tensor/host-tensor.ts";
import type { TrainConfig } from "./config.ts";
import type { ParameterPlan } from "./events.ts";

export interface ParamPlan {
  readonly name: string;
  readonly spec: ParamSpec;
  /** How the momentum is compressed, and the gradients too unless the rule needs them whole. */
  readonly projection: Projection | undefined;
  /** How gradients are compressed while they accumulate. */
  readonly gradientProjection: Projection | undefined;
  readonly accumulator: Accumulator;
  readonly rule: StepRule;
  readonly state: Readonly<Record<string, StateSpec>>;
  /** The treatment in words. */
  readonly treatment: string;
  /** Parameters with equal keys are trained by the same program. */
  readonly key: string;
}

export type Plan = ReadonlyMap<string, ParamPlan>;

/** Steps between projections: every step has its own, but a momentum should not be moved often. */
export const resampleInterval = ({ resampleEvery, momentum }: TrainConfig): number =>
  resampleEvery ?? (momentum > 0 ? 1000 : 1);

/**
 * The plan for all parameters of a model.
 *
 * @throws {UsageError} if a momentum would grow without bound, or patterns match nothing.
 */
export function planParameters(model: Model, config: TrainConfig): Plan {
  const chunked = model.vocabularySize > config.vocabularyChunk;
  for (const pattern of [...config.include, ...config.exclude]) {
    const known = [...model.params.keys()].some((name) => matches(pattern, name));
    if (!known) throw new UsageError(`include, exclude: no parameter matches "${pattern}"`);
  }
  return new Map(
    [...model.params].map(([name, spec]) => {
      const decided = decide(name, spec, config, chunked && name === model.head);
      return [name, planParameter(name, spec, config, decided)];
    }),
  );
}

/** Whether a name fits a pattern in which `*` stands for any text. */
export function matches(pattern: string, name: string): boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(name);
}

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
  if (config.method === "dense") return dense("method");
  if (spec.shape.length !== 2) return dense(spec.role);
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

function planParameter(
  name: string,
  spec: ParamSpec,
  config: TrainConfig,
  { projection, treatment }: Decision,
): ParamPlan {
  const { momentum, momentumRule, optimizer, weightDecay } = config;
  if (projection && momentum > 0) checkInterval(name, projection, config);
  const wholeGradient = momentum > 0 && momentumRule === "reference";
  const gradientProjection = wholeGradient ? undefined : projection;
  const options = { projection, momentum, base: baseOptimizer(optimizer, weightDecay) };
  const rule = wholeGradient ? referenceStepRule(options) : stepRule(options);
  return {
    name,
    spec,
    projection,
    gradientProjection,
    accumulator: accumulator(spec.shape, gradientProjection),
    rule,
    state: rule.init(spec.shape),
    treatment: wholeGradient && projection ? `${treatment}, gradient dense` : treatment,
    key: JSON.stringify([spec.shape, projection ?? null]),
  };
}

function checkInterval(name: string, projection: Projection, config: TrainConfig): void {
  const smallest = smallestSafeInterval(projection, config.momentum);
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
  [...plan.values()].map(({ name, spec, treatment, projection, accumulator: acc, state }) => ({
    name,
    shape: spec.shape,
    treatment,
    compressed: projection !== undefined,
    weightBytes: tensorBytes("float32", spec.shape),
    accumulatorBytes: tensorBytes("float32", acc.shape),
    optimizerBytes: Object.values(state).reduce(
      (bytes, { shape }) => bytes + tensorBytes("float32", shape),
      0,
    ),
  }));
