/**
 * @file Phi-3 of short contexts, and Phi-4: Abdin et al., 2024, arXiv:2404.14219 and arXiv:2412.08905.
 *
 *   x ← x + attn(norm(x))
 *   x ← x + mlp(norm(x))
 *
 * as in `rotary-block.ts`, where the maps to queries, keys and values are one matrix, those to gate and up another, and a token
 * sees itself and the `sliding_window` - 1 tokens before. The matrices stay one, as in the checkpoint, for training and adapters
 * too.
 */

import { z } from "zod";
import type { Architecture } from "../../architecture.ts";
import { activation, size } from "../../config.ts";
import { rotaryArchitecture } from "./decoder/rotary-architecture.ts";

// As for all, longrope changes within a sequence; transformers knows no third kind here.
const scaling = z
  .looseObject({
    rope_type: z.literal("default", "longrope is not supported").optional(),
    type: z.literal("default", "longrope is not supported").optional(),
  })
  .nullish();

const unused = z.literal(0, "is not supported; must be 0").default(0);

/** Phi-3 of any size. Absent fields of config.json are those of Phi-3-mini. */
export const phi3: Architecture = rotaryArchitecture({
  type: "phi3",
  architecture: "Phi3ForCausalLM",
  defaults: {
    vocab_size: 32064,
    hidden_size: 3072,
    intermediate_size: 8192,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    max_position_embeddings: 4096,
    rms_norm_eps: 1e-5,
  },
  fields: {
    hidden_act: activation.default("silu"),
    sliding_window: size.nullable().default(null),
    rope_parameters: scaling,
    rope_scaling: scaling,
    resid_pdrop: unused,
    embd_pdrop: unused,
  },
  options: ({ hidden_act, sliding_window }) => ({
    activation: hidden_act,
    fused: true,
    window: () => sliding_window ?? undefined,
  }),
});
