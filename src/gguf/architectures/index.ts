/** @file The architectures that GGUF and this library both have, as llama.cpp names their tensors. */

import { gemma, gemma2 } from "./gemma.ts";
import { gpt2 } from "./gpt2.ts";
import { granite } from "./granite.ts";
import { llama } from "./llama.ts";
import { olmo2 } from "./olmo2.ts";
import type { GgufArchitecture } from "./parts/architecture.ts";
import { phi3 } from "./phi3.ts";
import { qwen2, qwen3, qwen3Moe } from "./qwen.ts";
import { smollm3 } from "./smollm3.ts";

export const ARCHITECTURES: readonly GgufArchitecture[] = [
  llama,
  qwen2,
  qwen3,
  qwen3Moe,
  gemma,
  gemma2,
  smollm3,
  granite,
  olmo2,
  phi3,
  gpt2,
];
