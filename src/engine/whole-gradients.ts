/**
 * @file Steps in which subspaces are learned: the gradients of their parameters are summed up whole, for this step alone, unless they are
 * anyway. Then the subspace is learned from the sum, the sum is compressed, and the step ends as all do.
 */

import { accumulatorOf } from "../compress/compressor.ts";
import { bufferNamed, releaseAll } from "../runtime/buffers.ts";
import { stateBytes } from "../optim/transform.ts";
import type { Buffer, Buffers } from "../runtime/runtime.ts";
import type { Objective } from "./objectives/objective.ts";
import {
  type ParamPlan,
  type ParamTraining,
  type Plan,
  planOf,
  trainingOf,
} from "./parts/param-plan.ts";
import type { EngineParts } from "./parts/parts.ts";
import { allocateState } from "./parts/state.ts";
import { createPipeline, type Pipeline } from "./pipeline.ts";
import type { Subspaces } from "./subspaces.ts";
import { accumulatorFeeds, buildSum } from "./update-programs.ts";

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
  /** What the sums take while they are there. */
  readonly bytes: number;
}

/** Undefined where no subspace is learned. */
export function openWholeGradients(
  parts: EngineParts,
  objective: Objective,
): WholeGradients | undefined {
  const { runtime, state } = parts;
  const names = [...parts.plan].flatMap(([name, { training }]) =>
    training?.compression?.subspace.kind === "learned" ? [name] : [],
  );
  if (names.length === 0) return undefined;
  const learned = new Map(names.flatMap((name) => wholePlan(name, planOf(parts.plan, name))));
  const plan: Plan = new Map([...parts.plan, ...learned]);
  const sums = new Map<string, Buffers>();
  const accumulators = new Map(state.accumulators);
  let isOpen = false;
  const wholeParts: EngineParts = { ...parts, plan, state: { ...state, accumulators } };
  const discard = (): void => {
    isOpen = false;
    for (const sum of sums.values()) releaseAll(Object.values(sum));
    sums.clear();
    for (const [name, own] of state.accumulators) accumulators.set(name, own);
  };
  return {
    accumulators,
    pipeline: createPipeline(wholeParts, objective.open(wholeParts)),
    bytes: [...learned.values()].reduce(
      (bytes, { training }) => bytes + (training ? stateBytes(training.accumulator.state) : 0),
      0,
    ),
    begin() {
      isOpen = true;
      for (const [name, { training }] of learned) {
        if (!training || sums.has(name)) continue;
        const sum = allocateState(runtime, training.accumulator.state);
        sums.set(name, sum);
        accumulators.set(name, sum);
      }
    },
    isOpen: () => isOpen,
    async learn(subspaces) {
      for (const name of names) {
        const own = state.accumulators.get(name) ?? {};
        const sum = sums.get(name);
        if (!sum) await subspaces.learn(name, await wholeSum(parts, name, own));
        else {
          const whole = bufferNamed(sum, "sum");
          await subspaces.learn(name, whole);
          await subspaces.compress(name, whole, own);
        }
      }
      discard();
    },
    discard,
  };
}

/** The sum in an accumulator of whole gradients. */
async function wholeSum(
  { plan, programs, slots }: EngineParts,
  name: string,
  own: Buffers,
): Promise<Buffer> {
  const { accumulator } = trainingOf(plan, name);
  const { key, spec } = planOf(plan, name);
  const plain = own["sum"];
  if (plain) return plain;
  const sum = slots.take("G", "float32", spec.shape);
  const executable = await programs.get(`sum ${key}`, () => buildSum(accumulator));
  await programs.run(executable, accumulatorFeeds(own), { G: sum });
  return sum;
}

/** The plan of a parameter with a learned subspace whose gradient is summed up whole for this alone; none if it is anyway. */
function wholePlan(name: string, param: ParamPlan): readonly (readonly [string, ParamPlan])[] {
  const { training, spec, key } = param;
  if (!training?.gradientProjection) return [];
  const accumulatorOfRows = (shape: readonly number[]) => accumulatorOf(shape, undefined);
  const whole: ParamTraining = {
    ...training,
    gradientProjection: undefined,
    accumulator: accumulatorOfRows(spec.shape),
    accumulatorOfRows,
  };
  return [[name, { ...param, training: whole, key: `${key} whole` }]];
}
