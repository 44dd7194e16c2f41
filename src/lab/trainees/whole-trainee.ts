/** @file Methods that train the weights themselves: dense, and FLORA with one projection or many. */

import type { SettledConfig } from "../../train/choices/settle.ts";
import { type Contender, createTrainee, type TraineeOptions } from "./trainee.ts";

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
  config: SettledConfig,
  options: WholeOptions,
): Promise<Contender> {
  const { method, firstStep, rate, cycleOf = () => 0, targets } = options;
  const include = method === "flora" ? targets : ["*"];
  const trainee = await createTrainee({ ...config, method, side: "input", include }, options);
  return {
    run: trainee.run,
    effective: (name) => trainee.weight(name),
    evaluate: () => trainee.evaluate(),
    async step(step) {
      const cycle = cycleOf(step);
      const { loss } = await trainee.backward({ step: firstStep + step, cycle, rate });
      await trainee.update();
      return loss;
    },
  };
}
