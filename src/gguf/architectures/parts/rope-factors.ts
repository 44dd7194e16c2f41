/**
 * @file The scaled rotation of Llama 3 in GGUF: a tensor of what each frequency is divided by, instead of the numbers that it follows
 * from. They are found again, for all such models have the same but for the factor: Llama 3.1, 2024, arXiv:2407.21783.
 */

import { FormatError } from "../../../errors.ts";
import type { Json } from "../../../files/json.ts";
import { rotaryFrequencies } from "../../../nn/attention/rotary-frequencies.ts";

const LLAMA_3 = {
  rope_type: "llama3",
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 8192,
} as const;

interface Rotation {
  readonly rope_theta: number;
  readonly head_dim: number;
}

/** What each frequency is divided by, [head_dim / 2]. */
export function ropeFactors(rotation: Rotation, scaling: Json): Float32Array {
  const config = {
    ...rotation,
    hidden_size: rotation.head_dim,
    num_attention_heads: 1,
    max_position_embeddings: 1,
  };
  const plain = rotaryFrequencies(config).inverseFrequencies;
  const scaled = rotaryFrequencies({ ...config, rope_scaling: scaling }).inverseFrequencies;
  return Float32Array.from(plain, (f, i) => f / (scaled[i] ?? f));
}

/** @throws {FormatError} if they follow from no factor. */
export function llama3Scaling(path: string, factors: Float32Array, rotation: Rotation): Json {
  const scaling = { ...LLAMA_3, factor: Math.max(...factors) };
  const expected = ropeFactors(rotation, scaling);
  const isSame =
    expected.length === factors.length &&
    expected.every((each, i) => Math.abs(each - (factors[i] ?? 0)) <= 1e-4 * each);
  if (isSame) return scaling;
  throw new FormatError(path, "rope_freqs.weight: the factors are not those of Llama 3");
}
