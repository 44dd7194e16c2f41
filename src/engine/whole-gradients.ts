/**
 * @file Steps in which subspaces are learned: the gradients of their parameters are summed up whole, for this step alone. Then the
 * subspace is learned from the sum, the sum is compressed, and the step ends as all do.
 */

import { accumulatorOf } from "../compress/compressor.ts";
import { bufferNamed } from "../runtime/buffers.ts";
import type { Buffers } from "../runtime/runtime.ts";
import type { Objective } from "./objectives/objective.ts";
import type { ParamPlan, ParamTraining, Plan } from "./parts/param-plan.ts";
import type { EngineParts } from "./parts/parts.ts";
import { allocateState } from "./parts/state.ts";
import { createPipeline, type Pipeline } from "./pipeline.ts";
import type { Subspaces } from "./subspaces.ts";

export interface WholeGradients {
  /** A pipeline that leaves whole gradients. */
  readonly pipeline: Pipeline;
  /** Makes room for them. */
  begin(): void;
  /** All accumulators of the step: those of whole gradients, and the others as they are. */
  readonly accumulators: ReadonlyMap<string, Buffers>;
  /** Whether there is any of them. */
  isOpen(): boolean;
  /** Learns every subspace, and compresses the gradients. */
  learn(subspaces: Subspaces): Promise<void>;
  /** Forgets the gradients. */
  discard(): void;
}

/** Undefined where no subspace is learned. */
export function openWholeGradients(
  parts: EngineParts,
  objective: Objective,
): WholeGradients | undefined {
  const { runtime, state } = parts;
  const learned = new Map([...parts.plan].flatMap(([name, param]) => wholePlan(name, param)));
  if (learned.size === 0) return undefined;
  const plan: Plan = new Map([...parts.plan, ...learned]);
  const sums = new Map<string, Buffers>();
  const accumulators = new Map(state.accumulators);
  const wholeParts: EngineParts = { ...parts, plan, state: { ...state, accumulators } };
  const discard = (): void => {
    sums.clear();
    for (const [name, own] of state.accumulators) accumulators.set(name, own);
  };
  return {
    accumulators,
    pipeline: createPipeline(wholeParts, objective.open(wholeParts)),
    begin() {
      for (const [name, { training }] of learned) {
        if (!training || sums.has(name)) continue;
        const sum = allocateState(runtime, training.accumulator.state);
        sums.set(name, sum);
        accumulators.set(name, sum);
      }
    },
    isOpen: () => sums.size > 0,
    async learn(subspaces) {
      for (const [name, sum] of sums) {
        await subspaces.learn(name, bufferNamed(sum, "sum"), state.accumulators.get(name) ?? {});
      }
      discard();
    },
    discard,
  };
}

/** The plan of a parameter whose gradient is summed up whole; none for a parameter without a learned subspace. */
function wholePlan(name: string, param: ParamPlan): readonly (readonly [string, ParamPlan])[] {
  const { training, spec, key } = param;
  if (training?.compression?.subspace.kind !== "learned") return [];
  const accumulatorOfRows = (shape: readonly number[]) => accumulatorOf(shape, undefined);
  const whole: ParamTraining = {
    ...training,
    gradientProjection: undefined,
    accumulator: accumulatorOfRows(spec.shape),
    accumulatorOfRows,
  };
  return [[name, { ...param, training: whole, key: `${key} whole` }]];
}
