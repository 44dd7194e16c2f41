/**
 * @file One training step, and what it is made of: the engine, compressors of gradients, optimizers and runtimes. It knows no files
 * and no options, needs no package, and runs wherever a runtime does.
 */

export * from "../compress/index.ts";
export * from "../engine/index.ts";
export * from "../optim/index.ts";
export * from "../runtime/index.ts";
