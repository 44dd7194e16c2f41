/** @file Architectures. */

export { bert } from "./architectures/encoders/bert.ts";
export { gemma } from "./architectures/rotary/gemma.ts";
export { gemma2 } from "./architectures/rotary/gemma2.ts";
export { gpt2 } from "./architectures/gpt2.ts";
export { llama } from "./architectures/rotary/llama.ts";
export { mistral } from "./architectures/rotary/mistral.ts";
export type { Model, Stage, Task } from "./model.ts";
export { qwen2 } from "./architectures/rotary/qwen2.ts";
export { qwen3 } from "./architectures/rotary/qwen3.ts";
export { modelFromConfig } from "./architectures/registry.ts";
export { t5 } from "./architectures/t5/t5.ts";
export { vit } from "./architectures/encoders/vit.ts";
