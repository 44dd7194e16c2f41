/** @file A batch: what a model reads, and what it should have answered. */

import type { HostTensor } from "../tensor/host-tensor.ts";

/** B examples and N targets; N is B T where every token has one. */
export interface Batch {
  /** B, counting rows of padding. */
  readonly size: number;
  /** What a model reads, by name: "ids" [B, T], and what else it needs. */
  readonly inputs: Readonly<Record<string, HostTensor>>;
  /** [N] */
  readonly targets: Int32Array;
  /** [N], how much each target counts in the loss: 0 where it does not, otherwise the weight of its row, which is 1 unless it says so. */
  readonly weights: Float32Array;
  /** Inputs that are not padding. */
  readonly tokens: number;
  /** The sum of the weights: targets that count, where all weigh the same. */
  readonly lossTokens: number;
  /** What the rows are, where some are preferred to others. */
  readonly answers?: BatchAnswers;
  /** What is learned in place of the targets, where a teacher says more. */
  readonly soft?: SoftTargets;
}

/** Several tokens for each target. */
export interface SoftTargets {
  /** K */
  readonly choices: number;
  /** [N, K], row by row. */
  readonly ids: Int32Array;
  /** [N, K], what of a target each token is; they add up to 1. */
  readonly shares: Float32Array;
}

/** The rows of a batch of preferences: the chosen answers before the rejected ones in the same order. */
export interface BatchAnswers {
  /** [B], which of all answers of a run a row is; -1 for padding. */
  readonly places: Int32Array;
  /** [B], targets of a row with those of its prompt, without padding. */
  readonly lengths: Int32Array;
}

/** An endless sequence of batches that are read as they are asked for, best in order. */
export interface BatchStream {
  /** Nobody knows before all is read. */
  readonly batchesPerEpoch?: undefined;
  /** As of a `BatchSource`. */
  readonly fetch?: ((position: number) => Promise<void>) | undefined;
  /** The batch at a position from 0 on, whatever was asked for before. */
  batchAt(position: number): Promise<Batch>;
  /** What the data are told from others by. */
  content(): Promise<readonly string[]>;
  /** Closes what is open. What is asked for after it is read from the beginning. */
  release(): Promise<void>;
}

/** An endless sequence of batches with random access. */
export interface BatchSource {
  readonly batchesPerEpoch: number;
  /** Gets what the batch at a position lacks, and others of its step, from other ranks, which all do so; nothing is lacking if absent. */
  readonly fetch?: ((position: number) => void) | undefined;
  /** The batch at a position from 0 on, whatever was asked for before. */
  batchAt(position: number): Batch;
}
