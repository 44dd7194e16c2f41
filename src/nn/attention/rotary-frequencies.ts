/**
 * @file Frequencies of the rotary embedding, from the fields of a config file: f_i = θ^(-2 i / R),
 * and how they change for sequences longer than those of the first training.
 *
 *   linear     f_i / c                                  Chen et al., 2023, arXiv:2306.15595
 *   dynamic    θ ← θ (c n / N - c + 1)^(R / (R - 2))    "NTK-aware" scaling, for n > N tokens
 *   yarn       a ramp from f_i to f_i / c over i        Peng et al., 2023, arXiv:2309.00071
 *   llama3     a ramp from f_i / c to f_i over f_i      Llama 3.1, 2024, arXiv:2407.21783
 *   longrope   f_i / c_i                                Ding et al., 2024, arXiv:2402.13753
 *
 * c factor, n tokens of the sequence, N tokens of the first training, R coordinates of a head that
 * turn.
 */

import { UsageError } from "../../errors.ts";

/** The part of a config that says how a kind of model scales its frequencies. */
export interface RotaryScaling {
  /** `default` if absent. */
  readonly rope_type?: string | undefined;
  /** The older name of `rope_type`. */
  readonly type?: string | undefined;
  readonly rope_theta?: number | null | undefined;
  readonly partial_rotary_factor?: number | null | undefined;
  readonly factor?: number | null | undefined;
  readonly original_max_position_embeddings?: number | null | undefined;
  readonly low_freq_factor?: number | null | undefined;
  readonly high_freq_factor?: number | null | undefined;
  readonly attention_factor?: number | null | undefined;
  readonly beta_fast?: number | null | undefined;
  readonly beta_slow?: number | null | undefined;
  readonly mscale?: number | null | undefined;
  readonly mscale_all_dim?: number | null | undefined;
  readonly truncate?: boolean | null | undefined;
  readonly short_factor?: readonly number[] | null | undefined;
  readonly long_factor?: readonly number[] | null | undefined;
}

/** The fields of config.json that matter here. */
export interface RotaryConfig {
  /** D, `hidden_size / num_attention_heads` if absent. */
  readonly head_dim?: number | null | undefined;
  readonly hidden_size: number;
  readonly num_attention_heads: number;
  readonly max_position_embeddings: number;
  readonly original_max_position_embeddings?: number | null | undefined;
  readonly partial_rotary_factor?: number | null | undefined;
  readonly rope_theta?: number | null | undefined;
  /** Of transformers before 5. */
  readonly rope_scaling?: RotaryScaling | null | undefined;
  /** Of transformers 5; it says all that the other fields say. */
  readonly rope_parameters?: RotaryScaling | null | undefined;
}

/** How fast each pair of a head's elements turns. */
export interface RotaryFrequencies {
  /** f_i, radians a position, R / 2 of them. */
  readonly inverseFrequencies: readonly number[];
  /** What turned queries and keys are multiplied by. */
  readonly attentionScaling: number;
}

/** What frequencies may depend on besides the config. */
export interface RotaryFrequenciesOptions {
  /** n, where it matters; at most that of the first training by default. */
  readonly length?: number;
}

/**
 * The frequencies that a config asks for.
 *
 * @throws {UsageError} if the kind of scaling is unknown, or a number that it needs is absent.
 */
export function rotaryFrequencies(
  config: RotaryConfig,
  { length }: RotaryFrequenciesOptions = {},
): RotaryFrequencies {
  const scaling = config.rope_parameters ?? config.rope_scaling ?? {};
  const kind = scaling.rope_type ?? scaling.type ?? "default";
  const frequencies = KINDS.get(kind);
  if (!frequencies) {
    const known = [...KINDS.keys()].join(", ");
    throw new UsageError(`rope_type: must be one of ${known}; got ${kind}`);
  }
  const size = config.head_dim ?? Math.floor(config.hidden_size / config.num_attention_heads);
  const part = scaling.partial_rotary_factor ?? config.partial_rotary_factor ?? 1;
  const longest = config.max_position_embeddings;
  return frequencies({
    kind,
    scaling,
    base: scaling.rope_theta ?? config.rope_theta ?? DEFAULT_BASE,
    turning: Math.floor(size * part),
    longest,
    trained:
      config.original_max_position_embeddings ??
      scaling.original_max_position_embeddings ??
      longest,
    length,
  });
}

const DEFAULT_BASE = 10_000;

interface Setting {
  readonly kind: string;
  readonly scaling: RotaryScaling;
  /** θ */
  readonly base: number;
  /** R */
  readonly turning: number;
  /** The most positions of the model. */
  readonly longest: number;
  /** N */
  readonly trained: number;
  /** n */
  readonly length: number | undefined;
}

const KINDS: ReadonlyMap<string, (setting: Setting) => RotaryFrequencies> = new Map([
  ["default", (setting) => unscaled(powers(setting))],
  ["linear", linear],
  ["dynamic", dynamic],
  ["yarn", yarn],
  ["llama3", llama3],
  ["longrope", longrope],
]);

const unscaled = (inverseFrequencies: readonly number[]): RotaryFrequencies => ({
  inverseFrequencies,
  attentionScaling: 1,
});

/** θ^(-2 i / R) */
const powers = ({ base, turning }: Pick<Setting, "base" | "turning">): readonly number[] =>
  Array.from({ length: turning / 2 }, (_, i) => base ** ((-2 * i) / turning));

function linear(setting: Setting): RotaryFrequencies {
  const factor = needed(setting, "factor");
  return unscaled(powers(setting).map((f) => f / factor));
}

function dynamic(setting: Setting): RotaryFrequencies {
  const { base, turning, longest, length = 0 } = setting;
  const factor = needed(setting, "factor");
  const stretch = (factor * Math.max(length, longest)) / longest - factor + 1;
  return unscaled(powers({ base: base * stretch ** (turning / (turning - 2)), turning }));
}

/** Slow frequencies are divided, fast ones not. */
function yarn(setting: Setting): RotaryFrequencies {
  const { scaling, base, turning, longest, trained } = setting;
  const factor = scaling.factor ?? longest / trained;
  // The i whose frequency turns so often over the sequences of the first training.
  const indexOf = (turns: number) =>
    (turning * Math.log(trained / (turns * 2 * Math.PI))) / (2 * Math.log(base));
  const whole = scaling.truncate ?? true;
  const [first, last] = [indexOf(scaling.beta_fast || 32), indexOf(scaling.beta_slow || 1)];
  const low = Math.max(whole ? Math.floor(first) : first, 0);
  const high = Math.min(whole ? Math.ceil(last) : last, turning - 1);
  const width = high === low ? 0.001 : high - low;
  const inverseFrequencies = powers(setting).map((f, i) => {
    const divided = Math.min(Math.max((i - low) / width, 0), 1);
    return (f / factor) * divided + f * (1 - divided);
  });
  return { inverseFrequencies, attentionScaling: scaling.attention_factor ?? yarnScaling(setting) };
}

function yarnScaling({ scaling, longest, trained }: Setting): number {
  const factor = scaling.factor ?? longest / trained;
  const { mscale, mscale_all_dim: all } = scaling;
  const grown = (by: number) => (factor <= 1 ? 1 : 0.1 * by * Math.log(factor) + 1);
  return mscale && all ? grown(mscale) / grown(all) : grown(1);
}

/** What turns less than `low` times over N tokens is divided, what turns more than `high` not. */
function llama3(setting: Setting): RotaryFrequencies {
  const factor = needed(setting, "factor");
  const low = needed(setting, "low_freq_factor");
  const high = needed(setting, "high_freq_factor");
  return unscaled(
    powers(setting).map((f) => {
      const turns = (setting.trained * f) / (2 * Math.PI);
      const kept = Math.min(Math.max((turns - low) / (high - low), 0), 1);
      return ((1 - kept) * f) / factor + kept * f;
    }),
  );
}

function longrope(setting: Setting): RotaryFrequencies {
  const { scaling, longest, trained, length = 0 } = setting;
  const name = length > trained ? "long_factor" : "short_factor";
  const factors = scaling[name];
  const plain = powers(setting);
  if (factors?.length !== plain.length) {
    throw new UsageError(`rope_scaling: ${name} must be ${plain.length} numbers`);
  }
  const factor = scaling.factor ?? longest / trained;
  const grown = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(trained));
  return {
    inverseFrequencies: plain.map((f, i) => f / (factors[i] ?? 1)),
    attentionScaling: scaling.attention_factor ?? grown,
  };
}

function needed(
  { kind, scaling }: Setting,
  name: "factor" | "low_freq_factor" | "high_freq_factor",
): number {
  const value = scaling[name];
  if (typeof value === "number") return value;
  throw new UsageError(`rope_scaling: ${kind} needs ${name}`);
}
