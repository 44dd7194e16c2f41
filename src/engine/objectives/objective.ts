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
  /** The names of the sums that its head tells beside the loss; none if absent. */
  readonly tells?: readonly string[];
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
  /** Hears the sums of what is told beside the loss, if there is any. */
  readonly tell: (sums: Sums) => void;
}

/** Sums over a batch or several, by name. */
export type Sums = Readonly<Record<string, number>>;

/** What an objective has told before the first batch. */
export const nothingTold = ({ tells }: Objective): { readonly told?: Sums } =>
  tells ? { told: Object.fromEntries(tells.map((name) => [name, 0])) } : {};

/** The sums of two evaluations. */
export const sumOf = (a: EvaluationSums, b: EvaluationSums): EvaluationSums => ({
  loss: a.loss + b.loss,
  correct: a.correct + b.correct,
  tokens: a.tokens + b.tokens,
  ...((a.told ?? b.told) && { told: added(a.told, b.told) }),
});

/** Sums of two batches. */
export const added = (a: Sums = {}, b: Sums = {}): Sums => ({
  ...a,
  ...Object.fromEntries(Object.entries(b).map(([name, sum]) => [name, (a[name] ?? 0) + sum])),
});

/** Sums over the targets of a batch, or of several, by their weights. */
export interface EvaluationSums {
  /** In nats. */
  readonly loss: number;
  /** Targets with the largest logit. */
  readonly correct: number;
  /** Targets that count. */
  readonly tokens: number;
  /** What an objective tells besides. */
  readonly told?: Sums;
}

/** Means of sums over so many. */
export const meansOf = (sums: Sums, count: number): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / count]));
