/** @file Architectures. */

export { bert } from "./bert.ts";
export { gemma } from "./gemma.ts";
export { gemma2 } from "./gemma2.ts";
export { gpt2 } from "./gpt2.ts";
export { llama } from "./llama.ts";
export { mistral } from "./mistral.ts";
export type { Model, Stage, Task } from "./model.ts";
export { qwen2 } from "./qwen2.ts";
export { qwen3 } from "./qwen3.ts";
export { modelFromConfig } from "./registry.ts";
export { t5 } from "./t5.ts";
export { vit } from "./vit.ts";
