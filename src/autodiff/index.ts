/** @file Differentiation. */

export { grad, vjp } from "./grad.ts";
export { splitAtResiduals, type SplitGraph } from "./residuals.ts";
