/** @file Methods that train the weights themselves: dense, and FLORA with one projection or many. */

import type { TrainConfig } from "../../options/config.ts";
import { type Contender, createTrainee, inputAxisOf, type TraineeOptions } from "./trainee.ts";

export interface WholeOptions extends TraineeOptions {
  readonly method: "dense" | "flora";
  /** The step of the data with which step 0 begins. */
  readonly firstStep: number;
  readonly rate: number;
  /** The cycle of a step: equal cycles have equal projections. */
  readonly cycleOf?: (step: number) => number;
}

/** W ← W - η G, or with FLORA W ← W - η G Aᵀ A; A projects the inputs, as LoRA's does. */
export async function createWholeTrainee(
  config: TrainConfig,
  options: WholeOptions,
): Promise<Contender> {
  const { method, firstStep, rate, cycleOf = () => 0, base, targets } = options;
  const [target = ""] = targets;
  const side = inputAxisOf(base.base, target) === 0 ? "rows" : "columns";
  const include = method === "flora" ? targets : ["*"];
  const trainee = await createTrainee({ ...config, method, side, include }, options);
  return {
    run: trainee.run,
    effective: (name) => trainee.weight(name),
    evaluate: () => trainee.evaluate(),
    async step(step) {
      const backward = await trainee.backward(firstStep + step, cycleOf(step));
      if (Number.isFinite(backward.loss)) await trainee.update(backward, rate);
      return backward.loss;
    },
  };
}
