/** @file A decoder with a rotary embedding, defined by what it has that its relatives have not. */

import { z } from "zod";
import { type Architecture, defineArchitecture } from "../../../architecture.ts";
import { parseConfig, rate, size } from "../../../config.ts";
import { type RotaryDecoderConfig, ropeFields } from "./rotary-config.ts";
import { rotaryDecoder, type RotaryDecoderOptions } from "./rotary-decoder.ts";

/** The defaults of transformers, which differ between architectures. */
export interface RotaryDefaults {
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
  /** K, as many as H by default. */
  readonly num_key_value_heads?: number;
  readonly max_position_embeddings: number;
  /** False by default. */
  readonly tie_word_embeddings?: boolean;
  /** 1e-6 by default. */
  readonly rms_norm_eps?: number;
  /** θ of configs that say none, 10 000 by default. */
  readonly rope_theta?: number;
}

export interface RotaryDefinition<Fields extends z.ZodRawShape> {
  /** The `model_type` of config.json. */
  readonly type: string;
  /** The `architectures` of config.json. */
  readonly architecture: string;
  readonly defaults: RotaryDefaults;
  /** Fields of config.json that not all have, or that take other values here. */
  readonly fields: Fields;
  /** What a model of a config has that not all have. */
  readonly options: (
    config: RotaryDecoderConfig & z.output<z.ZodObject<Fields>>,
  ) => RotaryDecoderOptions;
}

/** The architecture of a definition; fields of config.json that nobody knows are kept. */
export function rotaryArchitecture<Fields extends z.ZodRawShape>(
  definition: RotaryDefinition<Fields>,
): Architecture {
  const { type } = definition;
  const common = rotarySchema(definition);
  const own = z.object(definition.fields);
  const names = new Set([...Object.keys(common.shape), ...Object.keys(own.shape)]);
  return defineArchitecture({ types: [type], fields: [...names] }, (fields) => {
    // Its own schema first, whose sentences know what is special about it.
    const special = parseConfig(type, own, fields);
    const read = { ...parseConfig(type, common, fields), ...special };
    const config = { ...read, ...defaultTheta(read, definition.defaults) };
    return rotaryDecoder(config, definition.options(config));
  });
}

/** θ of the architecture, where neither spelling says one. */
function defaultTheta(
  { rope_theta, rope_parameters, rope_scaling }: RotaryDecoderConfig,
  { rope_theta: own }: RotaryDefaults,
): Pick<RotaryDecoderConfig, "rope_theta"> {
  const said = rope_theta ?? (rope_parameters ?? rope_scaling)?.rope_theta;
  return typeof said === "number" || own === undefined ? {} : { rope_theta: own };
}

/** The fields that all have. */
const rotarySchema = ({
  type,
  architecture,
  defaults,
}: Pick<RotaryDefinition<z.ZodRawShape>, "type" | "architecture" | "defaults">) =>
  z.looseObject({
    model_type: z.literal(type).default(type),
    architectures: z.array(z.string()).default([architecture]),
    vocab_size: size.default(defaults.vocab_size),
    hidden_size: size.default(defaults.hidden_size),
    intermediate_size: size.default(defaults.intermediate_size),
    num_hidden_layers: size.default(defaults.num_hidden_layers),
    num_attention_heads: size.default(defaults.num_attention_heads),
    num_key_value_heads: size.nullable().default(defaults.num_key_value_heads ?? null),
    head_dim: size.nullish(),
    max_position_embeddings: size.default(defaults.max_position_embeddings),
    initializer_range: z.number().positive().default(0.02),
    rms_norm_eps: z
      .number()
      .positive()
      .default(defaults.rms_norm_eps ?? 1e-6),
    tie_word_embeddings: z.boolean().default(defaults.tie_word_embeddings ?? false),
    attention_dropout: rate.default(0),
    ...ropeFields,
  });
