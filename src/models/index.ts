/** @file Architectures. */

export * from "./architectures/index.ts";
export { modelFromConfig } from "./architectures/registry.ts";
export type { Model, Stage, Task } from "./model.ts";
