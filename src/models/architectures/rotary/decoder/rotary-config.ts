/** @file The fields of config.json that decoders with a rotary embedding have in common. */

import { z } from "zod";
import { UsageError } from "../../../../errors.ts";
import type { RotaryConfig, RotaryScaling } from "../../../../nn/attention/rotary-frequencies.ts";
import { size } from "../../../config.ts";

/** Fields that all these architectures have; those of the rotation are `RotaryConfig`'s. */
export interface RotaryDecoderConfig extends RotaryConfig {
  readonly [field: string]: unknown;
  readonly model_type: string;
  /** V */
  readonly vocab_size: number;
  /** C */
  readonly hidden_size: number;
  /** F */
  readonly intermediate_size: number;
  /** L */
  readonly num_hidden_layers: number;
  /** H */
  readonly num_attention_heads: number;
  /** K, as many as H if absent. */
  readonly num_key_value_heads: number | null;
  readonly initializer_range: number;
  readonly rms_norm_eps: number;
  readonly attention_dropout: number;
  /** Whether the embedding is the head too. */
  readonly tie_word_embeddings: boolean;
}

const number = z.number().nullish();

// longrope's changes within a sequence: cached keys would be turned otherwise than new ones.
const kind = z.enum(["default", "linear", "dynamic", "yarn", "llama3"]).optional();
const whole = z.literal(1, "a part of each head that turns is not supported").nullish();
const ofLayers = z.undefined("rotations that differ between layers are not supported").optional();

const scaling = z.looseObject({
  rope_type: kind,
  type: kind,
  rope_theta: z.number().positive().nullish(),
  partial_rotary_factor: whole,
  factor: number,
  original_max_position_embeddings: number,
  low_freq_factor: number,
  high_freq_factor: number,
  attention_factor: number,
  beta_fast: number,
  beta_slow: number,
  mscale: number,
  mscale_all_dim: number,
  truncate: z.boolean().nullish(),
  full_attention: ofLayers,
  sliding_attention: ofLayers,
});

/** The fields of the rotation, in the spelling of transformers 5 and in the older one. */
export const ropeFields: {
  readonly rope_parameters: z.ZodType<RotaryScaling | null | undefined>;
  readonly rope_scaling: z.ZodType<RotaryScaling | null | undefined>;
  readonly rope_theta: z.ZodType<number | null | undefined>;
  readonly partial_rotary_factor: z.ZodType<number | null | undefined>;
} = {
  rope_parameters: scaling.nullish(),
  rope_scaling: scaling.nullish(),
  rope_theta: z.number().positive().nullish(),
  partial_rotary_factor: whole,
};

type LayerType = "full_attention" | "sliding_attention";

/** The kind of each layer, if it is said. */
export type LayerTypes = readonly LayerType[] | null | undefined;

/** Which layers have windows. */
export const layerTypes: z.ZodType<LayerTypes> = z
  .array(z.enum(["full_attention", "sliding_attention"]))
  .nullish();

interface WindowConfig extends Pick<RotaryDecoderConfig, "model_type" | "num_hidden_layers"> {
  readonly sliding_window: number | null;
  readonly layer_types?: LayerTypes;
}

/**
 * The windows of layers: of those that `layer_types` says, or without it of the `sliding` ones.
 *
 * @throws {UsageError} if `layer_types` does not name each layer's.
 */
export function layerWindow(
  { model_type, num_hidden_layers: layers, sliding_window, layer_types: types }: WindowConfig,
  sliding: (layer: number) => boolean,
): (layer: number) => number | undefined {
  if (types && types.length !== layers) {
    const wanted = `layer_types must have a type for each of ${layers} layers`;
    throw new UsageError(`${model_type} config: ${wanted}; got ${types.length}`);
  }
  const slides = (layer: number) => (types ? types[layer] === "sliding_attention" : sliding(layer));
  return (layer) => (slides(layer) ? (sliding_window ?? undefined) : undefined);
}

interface SlidingConfig extends WindowConfig {
  readonly use_sliding_window: boolean;
  /** The first layer that has a window, where `layer_types` says nothing. */
  readonly max_window_layers: number;
}

/** The fields of windows that are asked for. */
export const slidingFields: {
  readonly use_sliding_window: z.ZodType<boolean>;
  readonly sliding_window: z.ZodType<number | null>;
  readonly max_window_layers: z.ZodType<number>;
  readonly layer_types: typeof layerTypes;
} = {
  use_sliding_window: z.boolean().default(false),
  sliding_window: size.nullable().default(4096),
  max_window_layers: z.int().min(0).default(28),
  layer_types: layerTypes,
};

/** The windows of layers, where they are asked for. @throws {UsageError} as `layerWindow` does. */
export const slidingWindow = (config: SlidingConfig): ((layer: number) => number | undefined) =>
  config.use_sliding_window
    ? layerWindow(config, (layer) => layer >= config.max_window_layers)
    : () => undefined;
