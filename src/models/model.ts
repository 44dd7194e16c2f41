/**
 * @file What a model is to the rest of the library: named parameters and a chain of stages, each a pure function of its input and
 * its parameters. Stages of one kind are the same function of different parameters, so that programs are compiled
 * per kind and not per layer.
 */

import type { Tensors } from "../graph/tensors.ts";
import type { Value } from "../graph/value.ts";
import type { DropoutMasks } from "../nn/dropout.ts";
import type { ParamSpec } from "../nn/params.ts";

/** Keys and values of earlier positions, for decoding. */
export interface PastAttention {
  /** [B, P, C] */
  readonly keys: Value;
  /** [B, P, C] */
  readonly values: Value;
  /** Added to the scores of T new positions over P past and T new ones, [B, 1, T, P + T]. */
  readonly bias: Value;
}

export interface DecodeContext {
  /** Positions of the tokens in their sequences, [B, T], int32. */
  readonly positions: Value;
  readonly past: PastAttention;
}

/** A stage's output for new tokens, and what later tokens will attend to; both [B, T, C], for stages that attend. */
export interface Decoded {
  readonly y: Value;
  readonly attention?: { readonly keys: Value; readonly values: Value };
}

export interface Stage {
  readonly kind: string;
  /** Parameter names inside the stage, and in the checkpoint. */
  readonly params: Readonly<Record<string, string>>;
  /** Whether `decode` reads and extends the attention's past. */
  readonly attends: boolean;
  /** The first stage maps token ids [B, T] to [B, T, C], the others [B, T, C] to [B, T, C]. */
  forward(x: Value, params: Tensors, masks?: DropoutMasks): Value;
  /** `forward` for T new tokens after P known ones. */
  decode(x: Value, params: Tensors, context: DecodeContext): Decoded;
}

export interface Model {
  /** `model_type` of config.json. */
  readonly type: string;
  /** The contents of config.json. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Every parameter by its name in the checkpoint. */
  readonly params: ReadonlyMap<string, ParamSpec>;
  readonly stages: readonly Stage[];
  /** The name of the output embedding, [V, C]. */
  readonly head: string;
  readonly width: number;
  readonly vocabularySize: number;
  readonly contextLength: number;
  /** How checkpoints of this architecture deviate from `params`. */
  readonly checkpoint: {
    /** A prefix that names may carry. */
    readonly prefixes: readonly string[];
    /** Patterns of tensors that hold nothing: masks, tied copies. */
    readonly ignore: readonly string[];
  };
}
