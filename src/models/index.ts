/** @file Architectures. */

export { gpt2 } from "./gpt2.ts";
export type { Model, Stage } from "./model.ts";
export { modelFromConfig } from "./registry.ts";
