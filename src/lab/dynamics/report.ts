/** @file The experiment of `dynamics.ts` in charts, tables and sentences, with the figures of the run. */

import { counterexample, movement } from "./bound.ts";
import { losses, spectrum } from "./outcome.ts";
import type { DynamicsResult, Finding } from "./result.ts";
import { approximation, exactness, regimes, trajectories } from "./theory.ts";

/** Everything that the run shows, in the order of the argument. */
export const findingsOf = (result: DynamicsResult): readonly Finding[] => [
  exactness(result),
  approximation(result),
  regimes(result),
  trajectories(result),
  movement(result),
  counterexample(),
  losses(result),
  spectrum(result),
];
