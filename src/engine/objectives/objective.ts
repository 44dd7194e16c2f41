/**
 * @file What is minimised, apart from the model: how a loss and its gradients come from the last hidden states of a batch, and what is
 * told of them. A model proposes one by its task (`objectiveOf`); an engine may be opened with another.
 */

import type { Batch } from "../../models/batch.ts";
import type { Buffer } from "../../runtime/runtime.ts";
import type { EngineParts } from "../parts/parts.ts";

/** A loss: how it and its gradients come from the last hidden states. */
export interface Objective {
  readonly name: string;
  /** What computes it in an engine. */
  open(parts: EngineParts): Head;
  /** What people want to know besides perplexity and accuracy, from the sums over held-out batches. */
  metrics?(sums: EvaluationSums): Readonly<Record<string, number>>;
}

/** Runs an objective on batches. `hidden` is [B, T, C]. */
export interface Head {
  /**
   * The summed loss of a batch, written into `loss`, a scalar, and the cotangent of the hidden states. Gradients of the head's own
   * parameters go into their accumulators.
   */
  backward(batch: Batch, hidden: Buffer, to: HeadTargets): Promise<Buffer>;
  /** The sums of a batch, without gradients. */
  evaluate(batch: Batch, hidden: Buffer): Promise<EvaluationSums>;
}

/** Where a head writes, and what it projects with. */
export interface HeadTargets {
  /** Of the projection matrices. */
  readonly cycle: number;
  readonly loss: Buffer;
}

/** Sums over the targets of a batch, or of several, by their weights. */
export interface EvaluationSums {
  /** In nats. */
  readonly loss: number;
  /** Targets with the largest logit. */
  readonly correct: number;
  /** Targets that count. */
  readonly tokens: number;
}
