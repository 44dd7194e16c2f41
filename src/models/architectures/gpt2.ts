/**
 * @file GPT-2: Radford et al., "Language Models are Unsupervised Multitask Learners", 2019.
 *
 *   x = wte[ids] + wpe[positions]
 *   x ← x + attn(ln₁(x))
 *   x ← x + mlp(ln₂(x))          L times
 *   logits = ln_f(x) wteᵀ
 *
 * Parameters and config fields keep the names of the Hugging Face `gpt2` checkpoint, so its safetensors load without a mapping.
 * B batch, T sequence, P past, C = n_embd.
 */

import { z } from "zod";
import { UsageError } from "../../errors.ts";
import type { Value } from "../../graph/value.ts";
import { geluTanh } from "../../nn/activation.ts";
import { multiHeadAttention } from "../../nn/attention/attention.ts";
import { causalBias } from "../../nn/attention/attention-bias.ts";
import { dropout, type DropoutMasks } from "../../nn/dropout.ts";
import {
  conv1d,
  conv1dSpec,
  embedding,
  embeddingSpec,
  type EmbeddingSpec,
  type LinearSpec,
} from "../../nn/linear.ts";
import { layerNorm, layerNormSpec, type LayerNormSpec } from "../../nn/norm.ts";
import type { ParamsOf } from "../../nn/params.ts";
import { tokenEmbedding } from "../../nn/token-embedding.ts";
import { lengthOf, range } from "../../nn/attention/positions.ts";
import { add } from "../../ops/elementwise.ts";
import { concat, split } from "../../ops/movement.ts";
import { type Architecture, defineArchitecture } from "../architecture.ts";
import { type ConfigFields, parseConfig, rate, size } from "../config.ts";
import type { Decoded, Model, PastAttention } from "../model.ts";
import { type DefinedStage, defineStage, paramsOf } from "../stage.ts";

/** The fields of config.json that matter here, with GPT-2's defaults; others are kept and saved again. */
const gpt2Schema = z.looseObject({
  model_type: z.literal("gpt2").default("gpt2"),
  architectures: z.array(z.string()).default(["GPT2LMHeadModel"]),
  vocab_size: size.default(50257),
  n_positions: size.default(1024),
  n_embd: size.default(768),
  n_layer: size.default(12),
  n_head: size.default(12),
  n_inner: size.nullish().default(null),
  activation_function: z.enum(["gelu_new", "gelu_pytorch_tanh"]).default("gelu_new"),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  initializer_range: z.number().positive().default(0.02),
  embd_pdrop: rate.default(0.1),
  attn_pdrop: rate.default(0.1),
  resid_pdrop: rate.default(0.1),
  scale_attn_weights: z.literal(true).default(true),
  scale_attn_by_inverse_layer_idx: z.literal(false).default(false),
  tie_word_embeddings: z.literal(true).default(true),
});

type Gpt2Config = z.infer<typeof gpt2Schema>;

type BlockSpec = {
  readonly ln_1: LayerNormSpec;
  readonly attn: { readonly c_attn: LinearSpec; readonly c_proj: LinearSpec };
  readonly ln_2: LayerNormSpec;
  readonly mlp: { readonly c_fc: LinearSpec; readonly c_proj: LinearSpec };
};
type BlockParams = ParamsOf<BlockSpec>;

type EmbedSpec = { readonly wte: EmbeddingSpec; readonly wpe: EmbeddingSpec };
type NormSpec = { readonly ln_f: LayerNormSpec };

/**
 * GPT-2 of any size.
 *
 * @param fields - the fields of config.json; absent ones are those of the smallest GPT-2
 * @throws {UsageError} if a field is not what the architecture allows.
 */
export const gpt2: Architecture = defineArchitecture(
  {
    types: ["gpt2"],
    fields: Object.keys(gpt2Schema.shape),
    dropout: ["embd_pdrop", "attn_pdrop", "resid_pdrop"],
  },
  build,
);

function build(fields: ConfigFields): Model {
  const config = parseConfig("gpt2", gpt2Schema, fields);
  if (config.n_embd % config.n_head !== 0) {
    throw new UsageError(
      `gpt2 config: n_embd must be divisible by n_head; got ${config.n_embd} and ${config.n_head}`,
    );
  }
  const stages = [
    embedStage(config),
    ...Array.from({ length: config.n_layer }, (_, layer) => blockStage(config, layer)),
    normStage(config),
  ];
  return {
    type: "gpt2",
    task: "causal",
    config,
    params: paramsOf(stages),
    stages,
    head: { weight: "wte.weight" },
    width: config.n_embd,
    vocabularySize: config.vocab_size,
    contextLength: config.n_positions,
    inputTypes: (batch, length) => ({ ids: { dtype: "int32", shape: [batch, length] } }),
    checkpoint: {
      prefixes: ["transformer."],
      modulePrefix: "transformer.",
      ignore: ["h.*.attn.bias", "h.*.attn.masked_bias", "lm_head.weight"],
      substitutes: { "wte.weight": ["lm_head.weight"] },
    },
  };
}

// Stages

function embedStage(config: Gpt2Config): DefinedStage {
  const { n_embd: c, initializer_range: deviation } = config;
  const specs: EmbedSpec = {
    wte: embeddingSpec(config.vocab_size, c, deviation),
    wpe: embeddingSpec(config.n_positions, c, deviation),
  };
  const embed = (ids: Value, positions: Value, p: ParamsOf<EmbedSpec>, masks?: DropoutMasks) =>
    add(tokenEmbedding(ids, p.wte, masks), embedding(positions, p.wpe)); // [B, T, C]
  return defineStage({
    kind: "embed",
    specs,
    source: "ids",
    forward(ids, p, { masks }) {
      const x = embed(ids, range(lengthOf(ids)), p, masks);
      return dropout(x, "embd", config.embd_pdrop, masks);
    },
    decoding: { decode: (ids, p, { positions }) => ({ y: embed(ids, positions, p) }) },
  });
}

function blockStage(config: Gpt2Config, layer: number): DefinedStage {
  const { n_embd: c, n_inner, n_layer, initializer_range: deviation } = config;
  const inner = n_inner ?? 4 * c;
  // Residual projections start smaller, so that the sum over layers keeps its variance.
  const residual = deviation / Math.sqrt(2 * n_layer);
  const specs: BlockSpec = {
    ln_1: layerNormSpec(c),
    attn: { c_attn: conv1dSpec(c, 3 * c, deviation), c_proj: conv1dSpec(c, c, residual) },
    ln_2: layerNormSpec(c),
    mlp: { c_fc: conv1dSpec(c, inner, deviation), c_proj: conv1dSpec(inner, c, residual) },
  };
  return defineStage({
    kind: "block",
    specs,
    names: `h.${layer}.`,
    attends: true,
    forward: (x, p, { masks }) =>
      block(x, p, config, { bias: causalBias(x, lengthOf(x)), masks }).y,
    decoding: {
      cacheWidth: c,
      cacheHeads: config.n_head,
      decode: (x, p, { past }) => block(x, p, config, { bias: past.bias, past }),
    },
  });
}

function normStage(config: Gpt2Config): DefinedStage {
  const specs: NormSpec = { ln_f: layerNormSpec(config.n_embd) };
  const norm = (x: Value, p: ParamsOf<NormSpec>) => layerNorm(x, p.ln_f, config.layer_norm_epsilon);
  return defineStage({
    kind: "norm",
    specs,
    forward: norm,
    decoding: { decode: (x, p) => ({ y: norm(x, p) }) },
  });
}

// The block

interface BlockContext {
  /** [T, T], or with a past [B, 1, T, P + T]. */
  readonly bias: Value;
  readonly past?: PastAttention;
  readonly masks?: DropoutMasks | undefined;
}

/** One pre-norm decoder block, [B, T, C] to [B, T, C]. */
function block(
  x: Value,
  p: BlockParams,
  config: Gpt2Config,
  context: BlockContext,
): Required<Decoded> {
  const { layer_norm_epsilon: eps, resid_pdrop } = config;
  const attended = attention(layerNorm(x, p.ln_1, eps), p.attn, config, context);
  x = add(x, dropout(attended.y, "attn.resid", resid_pdrop, context.masks));
  const expanded = mlp(layerNorm(x, p.ln_2, eps), p.mlp);
  x = add(x, dropout(expanded, "mlp.resid", resid_pdrop, context.masks));
  return { y: x, attention: attended.attention };
}

/** Self-attention, [B, T, C] to [B, T, C]. */
function attention(
  x: Value,
  p: BlockParams["attn"],
  config: Gpt2Config,
  { bias, past, masks }: BlockContext,
): Required<Decoded> {
  const [q, keys, values] = split(conv1d(x, p.c_attn), 3); // each [B, T, C]
  if (!q || !keys || !values) throw new Error("internal: three parts expected");
  const k = past ? concat([past.keys, keys], 1) : keys; // [B, P + T, C]
  const v = past ? concat([past.values, values], 1) : values; // [B, P + T, C]
  const mixed = multiHeadAttention(q, k, v, {
    heads: config.n_head,
    bias,
    dropout: (probabilities) => dropout(probabilities, "attn", config.attn_pdrop, masks),
  });
  return { y: conv1d(mixed, p.c_proj), attention: { keys, values } };
}

/** Position-wise feed-forward network, C to 4C to C. */
function mlp(x: Value, p: BlockParams["mlp"]): Value {
  return conv1d(geluTanh(conv1d(x, p.c_fc)), p.c_proj);
}
