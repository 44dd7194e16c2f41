/** Which weights have a place for an adapter in GGUF; their bytes are compared in test/export/export-adapter.test.ts. */

import { expect, it } from "vitest";
import { writtenAdapter } from "../../../src/gguf/models/written-adapter.ts";

const config = { model_type: "qwen3_moe", num_attention_heads: 4, num_experts: 2 };

it.each([
  ["self_attn.q_proj", "blk.3.attn_q.weight.lora_a"],
  ["mlp.gate", "blk.3.ffn_gate_inp.weight.lora_a"],
  // Those of all experts would be one tensor.
  ["mlp.experts.1.up_proj", undefined],
  ["mlp.nothing", undefined],
])("%s is %s", (module, expected) => {
  const { plan } = writtenAdapter(config, { name: "x", alpha: 8, type: "F32" });
  const sizes = { input: 8, output: 8, rank: 2 };
  expect(plan(`model.layers.3.${module}.weight`, sizes)?.a.name).toBe(expected);
});
