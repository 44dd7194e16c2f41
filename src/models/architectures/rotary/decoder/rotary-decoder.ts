/**
 * @file The decoder that Llama and its relatives share: Touvron et al., 2023, arXiv:2302.13971.
 *
 *   x = s E[ids]
 *   x ← block(x)                  L times; `rotary-block.ts` has the equations
 *   logits = o norm(x) Eᵀ         or, untied, o norm(x) Wᵀ
 *
 * What an architecture has besides are options. Parameters and config fields have the names that
 * transformers gives them.
 *
 * B batch, T sequence, P past, C = hidden_size, V = vocab_size, L = num_hidden_layers.
 */

import { constant, type Value } from "../../../../graph/value.ts";
import { causalBias, positionBias, slidingBias } from "../../../../nn/attention/attention-bias.ts";
import type { DropoutMasks } from "../../../../nn/dropout.ts";
import { embeddingSpec } from "../../../../nn/linear.ts";
import type { ParamsOf } from "../../../../nn/params.ts";
import { tokenEmbedding } from "../../../../nn/token-embedding.ts";
import { lengthOf } from "../../../../nn/attention/positions.ts";
import { add, scale } from "../../../../ops/elementwise.ts";
import { int32 } from "../../../../tensor/host-tensor.ts";
import type { DecodeContext, Model } from "../../../model.ts";
import { normOf, type RotaryBlock, rotaryBlock, type RotaryBlockOptions } from "./rotary-block.ts";
import type { RotaryDecoderConfig } from "./rotary-config.ts";
import { type DefinedStage, defineStage, paramsOf } from "../../../stage.ts";

export interface RotaryDecoderOptions extends RotaryBlockOptions {
  /** Which layers have experts, where some have; all by default. */
  readonly isSparse?: (layer: number) => boolean;
  /** How many positions a token of a layer sees, its own included; all earlier ones by default. */
  readonly window?: (layer: number) => number | undefined;
  /** Whether heads of a layer are turned; those of all by default. */
  readonly turns?: (layer: number) => boolean;
  /** s, 1 by default. */
  readonly embeddingScale?: number;
  /** o, 1 by default. */
  readonly logitScale?: number;
  readonly logitSoftcap?: number | undefined;
}

const EMBEDDING = "model.embed_tokens.weight";
const UNTIED_HEAD = "lm_head.weight";

/**
 * The model of a config.
 *
 * @throws {UsageError} if the numbers of heads do not fit, or the rotation lacks a number.
 */
export function rotaryDecoder(config: RotaryDecoderConfig, options: RotaryDecoderOptions): Model {
  const { hidden_size: c, vocab_size, tie_word_embeddings: isTied } = config;
  const { window = () => undefined, turns = () => true, logitSoftcap: softcap } = options;
  const { experts, isSparse = () => experts !== undefined } = options;
  const dense = rotaryBlock(config, { ...options, experts: undefined });
  const sparse = rotaryBlock(config, options);
  const stages = [
    embedStage(config, options),
    ...Array.from({ length: config.num_hidden_layers }, (_, layer) =>
      blockStage(isSparse(layer) ? sparse : dense, layer, {
        window: window(layer),
        turns: turns(layer),
        isSparse: isSparse(layer),
      }),
    ),
    normStage(config, options),
  ];
  const untied = embeddingSpec(vocab_size, c, config.initializer_range).weight;
  return {
    type: config.model_type,
    task: "causal",
    config,
    params: new Map([...paramsOf(stages), ...(isTied ? [] : [[UNTIED_HEAD, untied] as const])]),
    stages,
    head: { weight: isTied ? EMBEDDING : UNTIED_HEAD, ...(softcap !== undefined && { softcap }) },
    width: c,
    vocabularySize: vocab_size,
    contextLength: config.max_position_embeddings,
    inputTypes: (batch, length) => ({ ids: { dtype: "int32", shape: [batch, length] } }),
    checkpoint: {
      prefixes: ["model."],
      ignore: ["*rotary_emb.inv_freq", ...(isTied ? [UNTIED_HEAD] : [])],
      ...(isTied && { substitutes: { [EMBEDDING]: [UNTIED_HEAD] } }),
    },
  };
}

function embedStage(
  { vocab_size, hidden_size, initializer_range }: RotaryDecoderConfig,
  { embeddingScale: s = 1 }: RotaryDecoderOptions,
): DefinedStage {
  const specs = { embed_tokens: embeddingSpec(vocab_size, hidden_size, initializer_range) };
  const embed = (ids: Value, p: ParamsOf<typeof specs>, masks?: DropoutMasks) => {
    const x = tokenEmbedding(ids, p.embed_tokens, masks); // [B, T, C]
    return s === 1 ? x : scale(x, s);
  };
  return defineStage({
    kind: "embed",
    specs,
    names: "model.",
    source: "ids",
    forward: (ids, p, { masks }) => embed(ids, p, masks),
    decoding: { decode: (ids, p) => ({ y: embed(ids, p) }) },
  });
}

interface LayerOptions {
  readonly window: number | undefined;
  readonly turns: boolean;
  readonly isSparse: boolean;
}

/** Layers with different windows, or of which some are not turned or have experts, are stages of different kinds. */
function blockStage(
  block: RotaryBlock,
  layer: number,
  { window, turns, isSparse }: LayerOptions,
): DefinedStage {
  const size = window === undefined ? "block" : `block of window ${window}`;
  const kind = turns ? size : `${size} without positions`;
  return defineStage({
    kind: isSparse ? `${kind} of experts` : kind,
    specs: block.specs,
    names: `model.layers.${layer}.`,
    attends: true,
    forward(x, p, { masks }) {
      const length = lengthOf(x);
      const slides = window !== undefined && window < length;
      const bias = slides ? slidingBias(x, length, window) : causalBias(x, length);
      const positions = turns ? firstPositions(length) : undefined;
      return block.forward(x, p, { positions, bias, masks }).y;
    },
    decoding: {
      cacheWidth: block.cacheWidth,
      cacheHeads: block.cacheHeads,
      decode(x, p, context) {
        const { positions, past } = context;
        const bias = window === undefined ? past.bias : windowBias(x, window, context);
        return block.forward(x, p, { positions: turns ? positions : undefined, bias, past });
      },
    },
  });
}

function normStage(config: RotaryDecoderConfig, options: RotaryDecoderOptions): DefinedStage {
  const { spec, norm } = normOf(config, options);
  const specs = { norm: spec(config.hidden_size) };
  const { logitScale: o = 1 } = options;
  // The head is linear: hidden states are scaled in place of logits, which are many more.
  const end = (x: Value, p: ParamsOf<typeof specs>) => {
    const y = norm(x, p.norm);
    return o === 1 ? y : scale(y, o);
  };
  return defineStage({
    kind: "norm",
    specs,
    names: "model.",
    forward: end,
    decoding: { decode: (x, p) => ({ y: end(x, p) }) },
  });
}

/** 0 to T - 1, [1, T]. */
const firstPositions = (length: number): Value =>
  constant(
    int32(
      [1, length],
      Int32Array.from({ length }, (_, i) => i),
    ),
  );

/** The bias of past and new tokens that also hides what has left the window, [B, 1, T, P + T]. */
const windowBias = (
  like: Value,
  window: number,
  { positions, keyPositions, past }: DecodeContext,
): Value => add(past.bias, positionBias(like, positions, keyPositions, { window }));
