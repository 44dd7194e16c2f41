/**
 * @file What of an event is a number over steps, under the names that the Trainer of transformers gives to W&B, Trackio and TensorBoard:
 * `train/loss`, `eval/loss`.
 */

import type { TrainEvent } from "../events.ts";

/** Numbers after so many steps. */
export interface Metrics {
  readonly step: number;
  /** By name; losses in nats, accuracy from 0 to 1, BLEU and ROUGE in percent. */
  readonly values: Readonly<Record<string, number>>;
}

/** The numbers of an event; undefined if it has none. */
export function metricsOf(event: TrainEvent): Metrics | undefined {
  const { type } = event;
  if (type === "step") {
    const { step, loss, learningRate, gradNorm, metrics, tokensPerSecond } = event;
    const values = {
      ...metrics,
      loss,
      learning_rate: learningRate,
      ...(gradNorm !== undefined && { grad_norm: gradNorm }),
      tokens_per_second: tokensPerSecond,
    };
    return { step, values: under("train", values) };
  }
  if (type === "evaluation") {
    const { step, loss, perplexity, accuracy, metrics } = event;
    return { step, values: under("eval", { ...metrics, loss, perplexity, accuracy }) };
  }
  if (type === "translation") {
    const { step, bleu, rouge, metrics } = event;
    return { step, values: under("eval", { ...metrics, bleu, ...rouge }) };
  }
  return undefined;
}

const under = (
  prefix: "eval" | "train",
  values: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}/${name}`, value]));
