/**
 * @file A model for somebody's own data where none is named: as large as the data can teach and this machine can train in the time that is
 * given.
 *
 *   a token costs      8 (12 L C²) + 6 V C     operations: twice forward, since activations are recomputed, and twice that backward
 *   20 tokens          for each weight of the blocks are seen (Hoffmann et al., 2022, arXiv:2203.15556), or there is no time for so many weights
 *   2 weights          for each token of the data at most: what is larger learns them by heart
 */

/** Width, blocks and heads. */
const SHAPES = [
  [64, 2, 2],
  [96, 3, 3],
  [128, 4, 4],
  [192, 4, 6],
  [256, 6, 8],
  [384, 6, 6],
  [512, 8, 8],
  [768, 12, 12],
] as const;

const TOKENS_PER_WEIGHT = 20;
const WEIGHTS_PER_TOKEN = 2;
/** Of the rate of a large product, in training a small model. */
const EFFICIENCY = 0.3;
const MOST_EPOCHS = 20;
const CONTEXT = 128;

export interface Situation {
  /** Of the data. */
  readonly tokens: number;
  readonly vocabularySize: number;
  readonly minutes: number;
  /** Operations of a second, in a large product. */
  readonly speed: number;
}

/** What sizes of a model are called in its config.json. */
export type SizeNames = (size: {
  readonly width: number;
  readonly blocks: number;
  readonly heads: number;
  /** Most tokens of a sequence. */
  readonly context: number;
}) => Readonly<Record<string, number | string>>;

export interface SizedModel {
  /** Of a config.json. */
  readonly fields: ReturnType<SizeNames>;
  /** Passes over the data that there is time for. */
  readonly epochs: number;
}

/** What writes text. */
export const gpt2Sizes: SizeNames = ({ width, blocks, heads, context }) => ({
  n_embd: width,
  n_layer: blocks,
  n_head: heads,
  n_positions: context,
});

/** What reads text. */
export const bertSizes: SizeNames = ({ width, blocks, heads, context }) => ({
  model_type: "bert",
  hidden_size: width,
  intermediate_size: 4 * width,
  num_hidden_layers: blocks,
  num_attention_heads: heads,
  max_position_embeddings: context,
});

/** The largest model that fits. */
export function sizeModel(
  { tokens, vocabularySize, minutes, speed }: Situation,
  named: SizeNames,
): SizedModel {
  const budget = minutes * 60 * speed * EFFICIENCY;
  const seen = ([width, blocks]: (typeof SHAPES)[number]) => {
    const weights = 12 * blocks * width ** 2;
    return { weights, tokens: budget / (8 * weights + 6 * vocabularySize * width) };
  };
  const shape =
    SHAPES.findLast((each) => {
      const { weights, tokens: possible } = seen(each);
      return possible >= TOKENS_PER_WEIGHT * weights && weights <= WEIGHTS_PER_TOKEN * tokens;
    }) ?? SHAPES[0];
  const [width, blocks, heads] = shape;
  const epochs = Math.min(MOST_EPOCHS, seen(shape).tokens / tokens);
  return {
    fields: named({ width, blocks, heads, context: CONTEXT }),
    epochs: Number(epochs.toPrecision(2)),
  };
}
