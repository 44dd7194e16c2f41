/** @file Differentiation: graphs are extended backwards, and split at their residuals. */

export { grad, vjp } from "./grad.ts";
export {
  keptUnder,
  type Recompute,
  RECOMPUTATIONS,
  splitAtResiduals,
  type SplitGraph,
} from "./residuals.ts";
