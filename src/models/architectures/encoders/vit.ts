/**
 * @file Vision Transformer: Dosovitskiy et al., "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale",
 * ICLR 2021, arXiv:2010.11929.
 *
 *   x = [class; E patch₁ + b; …; E patch_N + b] + position
 *   x ← x + attn(LN(x))
 *   x ← x + W₂ gelu(W₁ LN(x))                                  L times
 *   logits = V LN(x)₀ + c                                      of the class token
 *
 * Parameters and config fields keep the names of the Hugging Face checkpoints. B batch, N patches, P × Q pixels a patch,
 * T = N + 1, C = hidden_size.
 */

import { z } from "zod";
import { UsageError } from "../../../errors.ts";
import type { Value } from "../../../graph/value.ts";
import { type Activation, activationOf } from "../../../nn/activation.ts";
import { multiHeadAttention } from "../../../nn/attention/attention.ts";
import { dropout, type DropoutMasks } from "../../../nn/dropout.ts";
import { linear, linearSpec, type LinearSpec, type MatrixSpec } from "../../../nn/linear.ts";
import { layerNorm, layerNormSpec, type LayerNormSpec } from "../../../nn/norm.ts";
import type { ParamsOf, ParamSpec } from "../../../nn/params.ts";
import { add } from "../../../ops/elementwise.ts";
import { pad, reshape, slice, transpose } from "../../../ops/movement.ts";
import { type Architecture, defineArchitecture } from "../../architecture.ts";
import { activation, type ConfigFields, parseConfig, rate, size } from "../../config.ts";
import { classifier, labelsOfConfig, labelsSchema } from "../../labels.ts";
import type { Model } from "../../model.ts";
import { type DefinedStage, defineStage, paramsOf } from "../../stage.ts";

/** Pixels: the side of a square, or height and width. */
const extent = z.union([size, z.tuple([size, size])]);

/** The fields of config.json that matter here, with ViT's defaults; others are kept and saved again. */
const vitSchema = z.looseObject({
  model_type: z.literal("vit").default("vit"),
  architectures: z
    .tuple([z.enum(["ViTForImageClassification", "ViTModel"])])
    .default(["ViTForImageClassification"])
    // A model without a head gets one.
    .transform((): ["ViTForImageClassification"] => ["ViTForImageClassification"]),
  hidden_size: size.default(768),
  num_hidden_layers: size.default(12),
  num_attention_heads: size.default(12),
  intermediate_size: size.default(3072),
  hidden_act: activation.default("gelu"),
  hidden_dropout_prob: rate.default(0),
  attention_probs_dropout_prob: rate.default(0),
  initializer_range: z.number().positive().default(0.02),
  layer_norm_eps: z.number().positive().default(1e-12),
  image_size: extent.default(224),
  patch_size: extent.default(16),
  num_channels: size.default(3),
  qkv_bias: z.boolean().default(true),
  problem_type: z.literal("single_label_classification").nullish(),
  ...labelsSchema,
});

interface VitConfig extends z.infer<typeof vitSchema> {
  /** How the image is cut up. */
  readonly grid: Grid;
}

interface Grid {
  readonly imageHeight: number;
  readonly imageWidth: number;
  /** P */
  readonly patchHeight: number;
  /** Q */
  readonly patchWidth: number;
  /** N₁ and N₂, whose product is N. */
  readonly rows: number;
  readonly columns: number;
}

type EmbedSpec = {
  /** [1, 1, C] */
  readonly cls_token: ParamSpec;
  /** [1, T, C] */
  readonly position_embeddings: ParamSpec;
  /** A convolution whose strides are its extents: the weight is [C, channels, P, Q]. */
  readonly patch_embeddings: { readonly projection: LinearSpec };
};

type BlockSpec = {
  readonly attention: {
    readonly attention: {
      readonly query: MatrixSpec;
      readonly key: MatrixSpec;
      readonly value: MatrixSpec;
    };
    readonly output: { readonly dense: LinearSpec };
  };
  readonly intermediate: { readonly dense: LinearSpec };
  readonly output: { readonly dense: LinearSpec };
  readonly layernorm_before: LayerNormSpec;
  readonly layernorm_after: LayerNormSpec;
};
type BlockParams = ParamsOf<BlockSpec>;

const PREFIX = "vit.";

/**
 * A Vision Transformer of any size that tells images apart.
 *
 * @param fields - the fields of config.json; absent ones are those of the base size
 * @throws {UsageError} if a field is not what the architecture allows.
 */
export const vit: Architecture = defineArchitecture(
  {
    types: ["vit"],
    fields: Object.keys(vitSchema.shape),
    tasks: { ViTForImageClassification: "image-classification" },
  },
  build,
);

function build(fields: ConfigFields): Model {
  const config = parseConfig("vit", vitSchema, fields);
  const { hidden_size: c, num_attention_heads: heads } = config;
  if (c % heads !== 0) {
    throw new UsageError(
      `vit config: hidden_size must be divisible by num_attention_heads; got ${c} and ${heads}`,
    );
  }
  const labels = labelsOfConfig(config);
  const { head, params } = classifier(labels.length, config);
  const grid = gridOf(config);
  const stages = [
    embedStage({ ...config, grid }),
    ...Array.from({ length: config.num_hidden_layers }, (_, layer) =>
      blockStage({ ...config, grid }, `${PREFIX}encoder.layer.${layer}.`),
    ),
    classStage({ ...config, grid }),
  ];
  return {
    type: "vit",
    task: "image-classification",
    config,
    params: new Map([...paramsOf(stages), ...params]),
    stages,
    head,
    width: c,
    vocabularySize: 0,
    contextLength: grid.rows * grid.columns + 1,
    labels,
    inputTypes: (batch) => ({
      pixels: {
        dtype: "float32",
        shape: [batch, config.num_channels, grid.imageHeight, grid.imageWidth],
      },
    }),
    checkpoint: {
      prefixes: [PREFIX],
      ignore: ["pooler.*", "embeddings.mask_token"],
      optional: ["classifier.*"],
    },
  };
}

const sides = (extents: z.infer<typeof extent>): readonly [height: number, width: number] =>
  typeof extents === "number" ? [extents, extents] : extents;

function gridOf({ image_size, patch_size }: z.infer<typeof vitSchema>): Grid {
  const [imageHeight, imageWidth] = sides(image_size);
  const [patchHeight, patchWidth] = sides(patch_size);
  const [rows, columns] = [imageHeight / patchHeight, imageWidth / patchWidth];
  if (Number.isInteger(rows) && Number.isInteger(columns)) {
    return { imageHeight, imageWidth, patchHeight, patchWidth, rows, columns };
  }
  throw new UsageError(
    "vit config: image_size must be a multiple of patch_size" +
      `; got ${String(image_size)} and ${String(patch_size)}`,
  );
}

// Stages

function embedStage(config: VitConfig): DefinedStage {
  const { hidden_size: c, num_channels, grid, initializer_range: deviation } = config;
  const patches = grid.rows * grid.columns;
  const pixels = num_channels * grid.patchHeight * grid.patchWidth;
  const { bias } = linearSpec({ from: pixels, to: c, deviation, bias: true });
  const init = { kind: "normal", deviation } as const;
  const specs: EmbedSpec = {
    cls_token: { shape: [1, 1, c], role: "embedding", init },
    position_embeddings: { shape: [1, patches + 1, c], role: "embedding", init },
    patch_embeddings: {
      projection: {
        weight: {
          shape: [c, num_channels, grid.patchHeight, grid.patchWidth],
          role: "matrix",
          init,
        },
        bias,
      },
    },
  };
  return defineStage({
    kind: "embed",
    specs,
    names: `${PREFIX}embeddings.`,
    source: "pixels",
    forward(images, p, { masks }) {
      const projection = p.patch_embeddings.projection;
      const x = linear(patchesOf(images, grid, num_channels), {
        ...projection,
        weight: reshape(projection.weight, [c, pixels]),
      }); // [B, N, C]
      // The class token joins the positions, which are not repeated for the images of a batch.
      const classes = pad(p.cls_token, { axis: 1, before: 0, after: patches }); // [1, T, C]
      const places = add(classes, p.position_embeddings);
      const tokens = add(pad(x, { axis: 1, before: 1, after: 0 }), places); // [B, T, C]
      return dropout(tokens, "embeddings", config.hidden_dropout_prob, masks);
    },
  });
}

/** The patches of images [B, K, N₁ P, N₂ Q] row by row, [B, N, K P Q]; B may be a name. */
function patchesOf(images: Value, grid: Grid, channels: number): Value {
  const { rows, columns, patchHeight: p, patchWidth: q } = grid;
  const [batch = 1] = images.shape;
  const cut = reshape(images, [batch, channels, rows, p, columns, q]);
  const gathered = transpose(cut, [0, 2, 4, 1, 3, 5]); // [B, N₁, N₂, K, P, Q]
  return reshape(gathered, [batch, rows * columns, channels * p * q]);
}

function blockStage(config: VitConfig, names: string): DefinedStage {
  const { hidden_size: c, intermediate_size: inner, initializer_range: deviation } = config;
  const map = (from: number, to: number) => linearSpec({ from, to, deviation, bias: true });
  const input = () => linearSpec({ from: c, to: c, deviation, bias: config.qkv_bias });
  const specs: BlockSpec = {
    attention: {
      attention: { query: input(), key: input(), value: input() },
      output: { dense: map(c, c) },
    },
    intermediate: { dense: map(c, inner) },
    output: { dense: map(inner, c) },
    layernorm_before: layerNormSpec(c),
    layernorm_after: layerNormSpec(c),
  };
  const gelu = activationOf(config.hidden_act);
  return defineStage({
    kind: "block",
    specs,
    names,
    attends: true,
    forward: (x, p, { masks }) => block(x, p, config, { activation: gelu, masks }),
  });
}

/** The final norm, of the one token that is classified: [B, T, C] to [B, 1, C]. */
function classStage({ hidden_size: c, layer_norm_eps: eps }: VitConfig): DefinedStage {
  const specs: { readonly layernorm: LayerNormSpec } = { layernorm: layerNormSpec(c) };
  return defineStage({
    kind: "class",
    specs,
    names: PREFIX,
    forward: (x, p) => layerNorm(slice(x, { axis: 1, start: 0, end: 1 }), p.layernorm, eps),
  });
}

// The block

interface BlockContext {
  readonly activation: Activation;
  readonly masks: DropoutMasks | undefined;
}

/** One pre-norm block, [B, T, C] to [B, T, C]. */
function block(x: Value, p: BlockParams, config: VitConfig, context: BlockContext): Value {
  const { layer_norm_eps: eps, hidden_dropout_prob: rateOfDropout } = config;
  const attended = attention(layerNorm(x, p.layernorm_before, eps), p.attention, config, context);
  x = add(x, dropout(attended, "attention", rateOfDropout, context.masks));
  const expanded = linear(layerNorm(x, p.layernorm_after, eps), p.intermediate.dense); // [B, T, F]
  const contracted = linear(context.activation(expanded), p.output.dense);
  return add(x, dropout(contracted, "output", rateOfDropout, context.masks));
}

/** Self-attention of all tokens to all tokens, [B, T, C] to [B, T, C]. */
function attention(
  x: Value,
  { attention: { query, key, value }, output }: BlockParams["attention"],
  { num_attention_heads: heads, attention_probs_dropout_prob: rateOfDropout }: VitConfig,
  { masks }: BlockContext,
): Value {
  const mixed = multiHeadAttention(linear(x, query), linear(x, key), linear(x, value), {
    heads,
    dropout: (probabilities) => dropout(probabilities, "probabilities", rateOfDropout, masks),
  });
  return linear(mixed, output.dense);
}
