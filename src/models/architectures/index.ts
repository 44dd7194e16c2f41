/** @file The architectures: whatever stands here is known to the registry, the command line and `flora-train/models`. */

export { bert } from "./encoders/bert.ts";
export { distilbert } from "./encoders/distilbert.ts";
export { gemma } from "./rotary/gemma.ts";
export { gemma2 } from "./rotary/gemma2.ts";
export { gpt2 } from "./gpt2.ts";
export { granite } from "./rotary/granite.ts";
export { llama } from "./rotary/llama.ts";
export { mistral } from "./rotary/mistral.ts";
export { modernbert } from "./encoders/modernbert.ts";
export { olmo2 } from "./rotary/olmo2.ts";
export { phi3 } from "./rotary/phi3.ts";
export { qwen2 } from "./rotary/qwen2.ts";
export { qwen3 } from "./rotary/qwen3.ts";
export { qwen3Moe } from "./rotary/qwen3-moe.ts";
export { roberta } from "./encoders/roberta.ts";
export { smollm3 } from "./rotary/smollm3.ts";
export { t5 } from "./t5/t5.ts";
export { vit } from "./encoders/vit.ts";
