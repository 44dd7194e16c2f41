/** @file Models from scratch. */

/** Models from scratch, by what they are called: width, blocks, heads. */
export const SIZES = {
  tiny: [64, 2, 2],
  small: [128, 4, 4],
  medium: [256, 6, 8],
};

/** Tokens of a sequence. */
export const CONTEXT = 256;

/**
 * The config.json of a Llama.
 *
 * @param {keyof typeof SIZES} size
 */
export function llama(size) {
  const [width = 0, blocks = 0, heads = 0] = SIZES[size];
  return {
    model_type: "llama",
    hidden_size: width,
    intermediate_size: 3 * width,
    num_hidden_layers: blocks,
    num_attention_heads: heads,
    num_key_value_heads: heads,
    max_position_embeddings: CONTEXT,
  };
}
