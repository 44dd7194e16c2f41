/**
 * @file Preferences: of two answers to a prompt, y_w shall be likelier than y_l. A batch has 2 P rows, the chosen answers before the
 * rejected ones; s is the log-probability of an answer, summed over its n tokens, and r what the reference model gave it.
 *
 *   DPO    Δ = (s_w - r_w) - (s_l - r_l)                    L = -(1 - ε) log σ(β Δ) - ε log σ(-β Δ)
 *   IPO    Δ = (s_w - r_w) / n_w - (s_l - r_l) / n_l        L = (Δ - 1 / (2 β))²
 *   ORPO   Δ = logit(e^(s_w / n_w)) - logit(e^(s_l / n_l))  L = -β log σ(Δ) + the mean NLL of prompts and chosen answers
 *
 * Rafailov et al., NeurIPS 2023, arXiv:2305.18290, with ε of its section on noisy labels; Azar et al., 2023, arXiv:2310.12036, with means
 * over tokens, as TRL has them after its authors; Hong et al., 2024, arXiv:2403.07691, whose NLL is a mean over the tokens of a
 * micro-batch in TRL, and here.
 */

import type { Batch, BatchAnswers } from "../../models/batch.ts";
import { crossEntropy, type Weighing } from "./cross-entropy.ts";
import { meansOf, type Objective } from "./objective.ts";

/** The losses of preferences by name. */
export const PREFERENCE_LOSSES = ["dpo", "ipo", "orpo"] as const;
/** The name of a loss of preferences. */
export type PreferenceLoss = (typeof PREFERENCE_LOSSES)[number];

/** What the reference model makes of answers. */
export interface Reference {
  /** The log-probability of each answer of a run, in nats. */
  readonly logProbabilities: Float32Array;
  /** Whether the model that answers is the reference: what it says is kept. */
  isAsked: boolean;
  /** A digest of all answers, once it was asked about them. */
  answers?: string;
}

/** How preferences are learned. */
export interface PreferenceOptions {
  readonly loss: PreferenceLoss;
  /** β, above 0: of rewards, and of ORPO's log-odds. */
  readonly beta: number;
  /** ε, from 0 to 1/2: the share of pairs that may be the wrong way round; 0 by default, and DPO's alone. */
  readonly labelSmoothing?: number;
  /** Of DPO and IPO; all log-probabilities are 0 if absent. */
  readonly reference?: Reference | undefined;
}

/** Whether a loss compares answers with what a reference model makes of them. */
export const hasReference = (loss: PreferenceLoss): boolean => loss !== "orpo";

/** A reference for so many answers, which has not been asked yet. */
export const unaskedReference = (answers: number): Reference => ({
  logProbabilities: new Float32Array(answers),
  isAsked: false,
});

/** The mean loss of pairs of answers. Its rewards are β (s - r); of ORPO β s / n. */
export function preference(options: PreferenceOptions): Objective {
  return {
    ...crossEntropy({ weigh: weighing(options) }),
    name: options.loss,
    tells: METRICS.map((metric) => `rewards/${metric}`),
    metrics: ({ told = {}, tokens }) => meansOf(told, tokens),
  };
}

/** What is told of the rewards of pairs, as TRL names it. */
const METRICS = ["chosen", "rejected", "margins", "accuracies"] as const;

/** What a row of a batch is. */
interface Answer {
  /** Its first target, and how many there are with those of the prompt. */
  readonly start: number;
  readonly length: number;
  /** n */
  readonly tokens: number;
  /** s */
  readonly logProbability: number;
  /** r */
  readonly reference: number;
  /** How much it counts. */
  readonly weight: number;
}

/** The loss of a pair, -dL/ds of each of its answers, and their rewards. */
interface PairLoss {
  readonly loss: number;
  readonly pulls: readonly [chosen: number, rejected: number];
  readonly rewards: readonly [chosen: number, rejected: number];
}

function weighing(options: PreferenceOptions): Weighing {
  const { loss: name, reference } = options;
  return (logProbabilities, batch) => {
    const answers = answersOf(logProbabilities, batch, reference);
    if (reference?.isAsked) keep(reference, answers, batch.answers);
    const weights = new Float32Array(logProbabilities.length);
    const pairs = answers.length / 2;
    const rewards = { chosen: 0, rejected: 0, margins: 0, accuracies: 0 };
    let loss = 0;
    for (const [i, chosen] of answers.slice(0, pairs).entries()) {
      const rejected = answers[pairs + i];
      const { weight } = chosen;
      if (!rejected || weight === 0) continue;
      const pair = pairLoss(chosen, rejected, options);
      loss += weight * pair.loss;
      for (const [side, { start, length }] of [chosen, rejected].entries()) {
        const pull = weight * (pair.pulls[side] ?? 0);
        for (let at = start; at < start + length; at++) {
          if (batch.weights[at] !== 0) weights[at] = pull;
        }
      }
      const [won, lost] = pair.rewards;
      rewards.chosen += weight * won;
      rewards.rejected += weight * lost;
      rewards.margins += weight * (won - lost);
      rewards.accuracies += won > lost ? weight : 0;
    }
    if (name === "orpo") {
      loss += addLikelihood(logProbabilities, answers.slice(0, pairs), weights);
    }
    const told = Object.fromEntries(
      Object.entries(rewards).map(([metric, sum]) => [`rewards/${metric}`, sum]),
    );
    return { loss, weights, correct: rewards.accuracies, told };
  };
}

function answersOf(
  logProbabilities: Float32Array,
  { size, weights, answers }: Batch,
  reference: Reference | undefined,
): readonly Answer[] {
  const length = logProbabilities.length / size;
  return Array.from({ length: size }, (_, row): Answer => {
    const start = row * length;
    let [logProbability, tokens, weight] = [0, 0, 0];
    for (let at = start; at < start + length; at++) {
      const own = weights[at] ?? 0;
      if (own === 0) continue;
      logProbability += logProbabilities[at] ?? 0;
      tokens += 1;
      weight = own;
    }
    const place = answers?.places[row] ?? -1;
    return {
      start,
      length: answers?.lengths[row] ?? length,
      tokens: Math.max(1, tokens),
      logProbability,
      reference: reference?.logProbabilities[place] ?? 0,
      weight,
    };
  });
}

/** Keeps what the reference says of the answers of a batch. */
function keep(
  { logProbabilities }: Reference,
  answers: readonly Answer[],
  batch: BatchAnswers | undefined,
): void {
  for (const [row, { logProbability }] of answers.entries()) {
    const place = batch?.places[row] ?? -1;
    if (place >= 0) logProbabilities[place] = logProbability;
  }
}

function pairLoss(
  chosen: Answer,
  rejected: Answer,
  { loss, beta, labelSmoothing = 0 }: PreferenceOptions,
): PairLoss {
  const ratios = [chosen, rejected].map((each) => each.logProbability - each.reference);
  const [won = 0, lost = 0] = ratios;
  const rewards = [beta * won, beta * lost] as const;
  if (loss === "dpo") {
    const margin = beta * (won - lost);
    const pull =
      beta * ((1 - labelSmoothing) * sigmoid(-margin) - labelSmoothing * sigmoid(margin));
    const value = -(1 - labelSmoothing) * logSigmoid(margin) - labelSmoothing * logSigmoid(-margin);
    return { loss: value, pulls: [pull, -pull], rewards };
  }
  if (loss === "ipo") {
    const excess = won / chosen.tokens - lost / rejected.tokens - 1 / (2 * beta);
    const pulls = [(-2 * excess) / chosen.tokens, (2 * excess) / rejected.tokens] as const;
    return { loss: excess ** 2, pulls, rewards };
  }
  const [a, b] = [meanOf(chosen), meanOf(rejected)];
  const odds = a - log1mExp(a) - (b - log1mExp(b));
  const pull = beta * sigmoid(-odds);
  return {
    loss: -beta * logSigmoid(odds),
    pulls: [pull / (-Math.expm1(a) * chosen.tokens), -pull / (-Math.expm1(b) * rejected.tokens)],
    rewards: [beta * a, beta * b],
  };
}

/** The odds of what is certain have no bound. */
const HIGHEST_MEAN = -1e-6;

/** s / n */
const meanOf = ({ logProbability, tokens }: Answer): number =>
  Math.min(HIGHEST_MEAN, logProbability / tokens);

/** ORPO's NLL of prompts and chosen answers, times the pairs; its weights are added to those that there are. */
function addLikelihood(
  logProbabilities: Float32Array,
  chosen: readonly Answer[],
  weights: Float32Array,
): number {
  const pairs = chosen.reduce((sum, { weight }) => sum + weight, 0);
  const targets = chosen.reduce((sum, { weight, length }) => sum + weight * length, 0);
  if (targets === 0) return 0;
  let loss = 0;
  for (const { start, length, weight } of chosen) {
    const share = (weight * pairs) / targets;
    for (let at = start; at < start + length; at++) {
      loss -= share * (logProbabilities[at] ?? 0);
      weights[at] = (weights[at] ?? 0) + share;
    }
  }
  return loss;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
/** log σ(x) */
const logSigmoid = (x: number): number => Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));
/** log(1 - e^x) of x < 0 */
const log1mExp = (x: number): number => Math.log(-Math.expm1(x));
