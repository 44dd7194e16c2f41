/**
 * @file What a model is to the rest of the library: named parameters and a chain of stages, each a pure function of its input and
 * its parameters. Stages of one kind are the same function of different parameters, so that programs are compiled
 * per kind and not per layer.
 *
 * A stage goes on from the one before, or starts from an input of the model. In an encoder-decoder model the blocks of the decoder
 * read the output of the encoder's last stage beside that of the stage before:
 *
 *   ids ─ embed ─ block … block ─ norm ═ encoded ╗════════╗
 *   decoderIds ─ embed ───────────────────── block … block ─ norm ─ head
 */

import type { Tensors } from "../graph/tensors.ts";
import type { Value, ValueType } from "../graph/value.ts";
import type { DropoutMasks } from "../nn/dropout.ts";
import type { ParamSpec } from "../nn/params.ts";
import { staticShape } from "../tensor/shape.ts";

/** What a model computes, and so which data it learns from. */
export type Task =
  /** The next token of a text. */
  | "causal"
  /** The next token of an answer, given the whole question. */
  | "seq2seq"
  /** Tokens that were hidden from a text. */
  | "masked"
  /** The class of a text, or of a pair of texts. */
  | "classification"
  /** A vector for a text, near those of texts with the same meaning. */
  | "embedding"
  /** The class of an image. */
  | "image-classification";

/** What a batch may hold; B batch, T sequence. */
export type InputName =
  /** Tokens, [B, T], int32. */
  | "ids"
  /** 1 for a token and 0 for padding, [B, T], int32. */
  | "attentionMask"
  /** 0 for the first text of a pair and 1 for the second, [B, T], int32. */
  | "tokenTypes"
  /** Places of the tokens that are to be guessed, K a row, counted over all rows from 0 to B T - 1, [B, K], int32; absent for all. */
  | "chosen"
  /** Tokens of the answer, each to be followed by the next, [B, T'], int32. */
  | "decoderIds"
  /** Normalised images, [B, channels, height, width], float32. */
  | "pixels";

/** The name under which blocks of a decoder read the output of the encoder. */
export const ENCODER_OUTPUT = "encoderOutput";

/** The types of the inputs of a batch. */
export type InputTypes = Readonly<Partial<Record<InputName, ValueType>>>;

/** What a stage reads besides its input and its parameters. */
export interface StageContext {
  /** What the stage reads besides x, by name. */
  readonly inputs?: Tensors;
  readonly masks?: DropoutMasks | undefined;
  /** Positions of the tokens, [B, T], int32, for encoders of sequences whose length is a name; 0 to T - 1 where absent. */
  readonly positions?: Value | undefined;
}

/** Keys and values over all heads, [B, S, W]. */
export interface KeysAndValues {
  readonly keys: Value;
  readonly values: Value;
}

/** Keys and values of earlier positions, for decoding, [B, P, W]. */
export interface PastAttention extends KeysAndValues {
  /** Added to the scores of T new positions over P past and T new ones, [B, 1, T, P + T]. */
  readonly bias: Value;
}

/** Keys and values of the encoder's output, [B, S, W]. */
export interface EncoderAttention extends KeysAndValues {
  /** Added to the scores, [B, 1, 1, S]. */
  readonly bias: Value;
}

/** What a stage knows of the tokens before. */
export interface DecodeContext {
  /** Positions of the tokens in their sequences, [B, T], int32. */
  readonly positions: Value;
  /** Positions of the P past and T new tokens, [B, P + T], int32. */
  readonly keyPositions: Value;
  readonly past: PastAttention;
  /** Present for stages that read the output of the encoder. */
  readonly encoded?: EncoderAttention;
}

/** A stage's output for new tokens, [B, T, C], and what later tokens will attend to, [B, T, W]. */
export interface Decoded {
  readonly y: Value;
  readonly attention?: KeysAndValues;
}

/** A part of a model that is run as one program: a pure function of its input and its parameters. */
export interface Stage {
  readonly kind: string;
  /** Parameter names inside the stage, and in the checkpoint. */
  readonly params: Readonly<Record<string, string>>;
  /** The input of the model that it starts from; absent where it goes on from the stage before. */
  readonly source?: InputName;
  /** What it reads besides. */
  readonly reads: readonly (InputName | typeof ENCODER_OUTPUT)[];
  /** Whether it is a block, of which there are many. */
  readonly attends: boolean;
  /** The output from x and the parameters by their names inside the stage; [B, T] or [B, T, C] to [B, T, C]. */
  forward(x: Value, params: Tensors, context?: StageContext): Value;
  /** Absent where nothing is decoded: in encoders. */
  readonly decoding?: StageDecoding;
}

/** How a stage reads new tokens after a past that is cached. */
export interface StageDecoding {
  /** W, elements of one cached key over all heads; absent where no past is read. */
  readonly cacheWidth?: number;
  /** K, the heads of which it consists. */
  readonly cacheHeads?: number;
  /** `forward` for T new tokens after P known ones. */
  readonly decode: (x: Value, params: Tensors, context: DecodeContext) => Decoded;
  /** What the stage attends to in the output of the encoder [B, S, C], the same for every new token. */
  readonly encoded?: (encoded: Value, params: Tensors) => KeysAndValues;
}

/** The map from the last hidden state to logits, z = h Wᵀ + b; capped as c tanh(z / c). */
export interface Head {
  /** The name of its weight, [V, C]. */
  readonly weight: string;
  /** The name of its bias, [V]. */
  readonly bias?: string;
  readonly softcap?: number;
  /** What is added to the product with the weight; absent where nothing is. */
  readonly adapter?: HeadAdapter;
}

/** An addition to the product of hidden states and the weight of a head, z = f(h Wᵀ, h, W) + b. */
export interface HeadAdapter {
  /** Tells apart what is computed. */
  readonly kind: string;
  /** Its parameters by their names in `adapt`, and in the checkpoint. */
  readonly params: Readonly<Record<string, string>>;
  /** Those that have a row for each logit; the others belong to all of them. */
  readonly inRows: readonly string[];
  /** [N, V'] for V' rows of the weight, from h Wᵀ [N, V'], h [N, C] and W [V', C]. */
  adapt(product: Value, hidden: Value, weight: Value, params: Tensors): Value;
}

/** A model as named parameters and a chain of stages; it holds no weights. */
export interface Model {
  /** `model_type` of config.json. */
  readonly type: string;
  readonly task: Task;
  /** The contents of config.json. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Every parameter by its name in the checkpoint. */
  readonly params: ReadonlyMap<string, ParamSpec>;
  readonly stages: readonly Stage[];
  /** The index of the stage that ends the encoder. */
  readonly encoderEnd?: number;
  /** Absent where hidden states are vectors to be compared. */
  readonly head?: Head;
  /** C of the last hidden states. */
  readonly width: number;
  /** Ids of tokens are below it. */
  readonly vocabularySize: number;
  /** The most tokens of a sequence; Infinity where positions are relative. */
  readonly contextLength: number;
  /** The tokens of a sequence where there is no limit and none is asked for. */
  readonly usualLength?: number;
  /** The token from which an answer begins, of encoder-decoder models. */
  readonly decoderStart?: number;
  /** The names of the classes in the order of their ids, where there are classes. */
  readonly labels?: readonly string[];
  /** The types of a batch of B sequences of T tokens, at most, whose answers or guesses are as many if nothing is said. */
  inputTypes(batch: number, length: number, answerLength?: number): InputTypes;
  /** How checkpoints of this architecture deviate from `params`. */
  readonly checkpoint: {
    /** Prefixes that names may carry. */
    readonly prefixes: readonly string[];
    /** What transformers has before all names of `params`, as the names of modules. */
    readonly modulePrefix?: string;
    /** Patterns of tensors that hold nothing: masks, tied copies. */
    readonly ignore: readonly string[];
    /** Names under which a checkpoint may hold a parameter that it lacks: those of tied copies. */
    readonly substitutes?: Readonly<Record<string, readonly string[]>>;
    /** Patterns of parameters that a checkpoint may lack, and that are then drawn: a new head. */
    readonly optional?: readonly string[];
    /** What names end in in old checkpoints, and in this architecture. */
    readonly endings?: Readonly<Record<string, string>>;
  };
}

/** The head of a model whose task needs one. */
export function headOf({ type, head }: Model): Head {
  if (head) return head;
  throw new Error(`internal: ${type} without a head`);
}

/** The parameters of the head. */
export const headParams = ({ head }: Model): readonly string[] =>
  [head?.weight, head?.bias, ...Object.values(head?.adapter?.params ?? {})].filter(
    (name) => name !== undefined,
  );

/** V, the rows of the head; 0 without one. */
export function headRows({ params, head }: Model): number {
  if (!head) return 0;
  const [rows] = params.get(head.weight)?.shape ?? [];
  if (rows === undefined) throw new Error(`internal: no parameter ${head.weight}`);
  return rows;
}

/** The weight of a head that is also an embedding; undefined if there is none. */
export const tiedHead = ({ stages, head }: Model): string | undefined =>
  stages.some(({ params }) => head && Object.values(params).includes(head.weight))
    ? head?.weight
    : undefined;

/** The parameters that something is computed with; others are kept for those who load the checkpoint. */
export const paramsInUse = (model: Model): ReadonlySet<string> =>
  new Set([...model.stages.flatMap(({ params }) => Object.values(params)), ...headParams(model)]);

/** The images that a model reads. */
export function imageInputOf({ type, inputTypes }: Model): {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
} {
  const { pixels } = inputTypes(1, 1);
  if (!pixels) throw new Error(`internal: ${type} reads no images`);
  const [, channels = 0, height = 0, width = 0] = staticShape("pixels", pixels.shape);
  return { channels, height, width };
}
