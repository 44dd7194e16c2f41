/** @file Qwen 2, Qwen 3, and Qwen 3 with experts. */

import { UsageError } from "../../errors.ts";
import type { Json } from "../../files/json.ts";
import type { GgufArchitecture } from "./parts/architecture.ts";
import { expertCount, numberField } from "./parts/fields.ts";
import { HEAD_NORMS, refuseOther, refuseWindows, relative } from "./parts/relative.ts";

export const qwen2: GgufArchitecture = relative({
  name: "qwen2",
  types: ["qwen2"],
  className: "Qwen2ForCausalLM",
  metadata: refuseWindows,
});

export const qwen3: GgufArchitecture = relative({
  name: "qwen3",
  types: ["qwen3"],
  className: "Qwen3ForCausalLM",
  tensors: HEAD_NORMS,
  fields: (_, tensors) => ({ attention_bias: tensors.has("blk.0.attn_q.bias") }),
  metadata: refuseWindows,
});

const EXPERTS = "model.layers.*.mlp.experts.#";

/** In llama.cpp all layers have experts, whose weights add up to 1, and attention has no biases. */
export const qwen3Moe: GgufArchitecture = relative({
  name: "qwen3moe",
  types: ["qwen3_moe"],
  className: "Qwen3MoeForCausalLM",
  lacks: ["blk.*.ffn_gate", "blk.*.ffn_up", "blk.*.ffn_down"],
  tensors: {
    ...HEAD_NORMS,
    "blk.*.ffn_gate_inp": "model.layers.*.mlp.gate",
    "blk.*.ffn_gate_exps": `${EXPERTS}.gate_proj`,
    "blk.*.ffn_up_exps": `${EXPERTS}.up_proj`,
    "blk.*.ffn_down_exps": `${EXPERTS}.down_proj`,
  },
  whole: ["blk.*.ffn_gate_inp.weight"],
  hasExperts: true,
  fields(metadata) {
    const needed = (name: string) => {
      const key = `qwen3moe.${name}`;
      return metadata.required(key, metadata.number(key));
    };
    return {
      num_experts: needed("expert_count"),
      num_experts_per_tok: needed("expert_used_count"),
      moe_intermediate_size: needed("expert_feed_forward_length"),
      norm_topk_prob: true,
    };
  },
  metadata(config) {
    refuseOther(config, "norm_topk_prob", true);
    refuseOther(config, "decoder_sparse_step", 1);
    refuseOther(config, "attention_bias", false);
    refuseDenseLayers(config);
    return {
      ...refuseWindows(config),
      expert_count: expertCount(config),
      expert_used_count: numberField(config, "num_experts_per_tok"),
      expert_feed_forward_length: numberField(config, "moe_intermediate_size"),
    };
  },
});

function refuseDenseLayers(config: Json): void {
  const dense = config["mlp_only_layers"];
  if (!Array.isArray(dense) || dense.length === 0) return;
  throw new UsageError(`mlp_only_layers: must be empty in GGUF; got ${dense.join(", ")}`, {
    hint: "export it as onnx or safetensors",
  });
}
