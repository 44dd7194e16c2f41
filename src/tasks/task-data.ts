/** @file What the data of every task are made of, and what they are. */

import type { Batch, BatchSource, BatchStream, SentencePair } from "../data/index.ts";
import type { ImageProcessor } from "../images/index.ts";
import type { InputTypes, Model } from "../models/model.ts";
import type { TrainConfig } from "../options/config.ts";
import type { Key } from "../random/key.ts";
import type { Tokenizer } from "../text/index.ts";
import type { Dataset } from "./reading/dataset.ts";

/** A prompt that a model can answer. */
export interface Question {
  readonly prompt: Int32Array;
  /** The right answer, if it is known. */
  readonly target?: Int32Array;
}

/** What a run reads: batches to learn from, and what is held out. */
export interface TrainData {
  readonly training: BatchSource;
  /** Held-out batches, the same ones every time. */
  evaluation(): Iterable<Batch>;
  /** Held-out pairs to translate; empty for text. */
  readonly pairs: readonly SentencePair[];
  /** A few that are held out; absent where no text is written. */
  readonly questions?: readonly Question[];
  /** The prompt that a text becomes; absent where no text is written. */
  readonly ask?: ((text: string) => Int32Array) | undefined;
  /** The shapes of batches that may occur, the largest last. */
  readonly shapes: readonly InputTypes[];
  /** What the examples take, where that is much: images. */
  readonly bytes?: number;
  /** All answers of which some are preferred, for a reference model; absent for other tasks. */
  readonly answers?: ComparedAnswers;
  /** In words, for people. */
  readonly description: string;
  /** What else people should know before it starts. */
  readonly notes?: readonly string[];
  /** Whether it is conversations, as the chat template of the model writes them. */
  readonly isChat?: boolean;
  /** Tokens that answers are taught to end with. */
  readonly stopTokens?: readonly number[];
}

/** Answers that are compared: those that are learned from, and those held out. */
export interface ComparedAnswers {
  readonly count: number;
  /** Each answer once. */
  batches(): Iterable<Batch>;
}

/** The same of what is read as it is needed. */
export interface StreamedData extends Omit<TrainData, "training"> {
  readonly training: BatchStream;
}

/** The options that decide how examples become batches. */
export type BatchOptions = Pick<
  TrainConfig,
  | "augment"
  | "batchSize"
  | "evaluationBatches"
  | "learn"
  | "learnRoles"
  | "microSteps"
  | "prefix"
  | "samples"
  | "stream"
  | "suffix"
  | "task"
  | "tooLong"
  | "translations"
>;

/** Batches of an evaluation, where nobody says how many. */
const USUAL_EVALUATION_BATCHES = 16;

/** How many examples are held out at most, to be evaluated. */
export const mostEvaluated = ({
  batchSize,
  evaluationBatches = USUAL_EVALUATION_BATCHES,
}: Pick<BatchOptions, "batchSize" | "evaluationBatches">): number => batchSize * evaluationBatches;

/** What data are made of and for. */
export interface DataRequest {
  readonly config: BatchOptions;
  /** What is read. */
  readonly dataset: Dataset;
  readonly tokenizer: Tokenizer;
  readonly model: Model;
  /** The most tokens of a sequence. */
  readonly contextLength: number;
  /** The key of the order of the data. */
  readonly key: Key;
}

/** What data of any kind are made with: a tokenizer for texts, a processor for images. */
export interface AnyDataRequest extends Omit<DataRequest, "tokenizer"> {
  readonly tokenizer?: Tokenizer | undefined;
  readonly processor?: ImageProcessor | undefined;
}
