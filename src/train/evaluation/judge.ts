/**
 * @file How a run goes: which evaluation was the best, whether it has diverged or stopped getting better, and which losses are spikes.
 * What it remembers goes into checkpoints, so that a run that goes on judges as if it had never been left.
 *
 *   diverged    held-out loss > first + max(0.3, 0.2 first), and training losses above the first one: data that are learned by heart
 *               raise the one and not the other; or the mean of training losses > 10 (first + 1), whatever was held out meanwhile
 *   spike       loss > mean + max(6 deviations, 1 + mean / 2), both moving
 */

import { z } from "zod";
import { option, UsageError } from "../../errors.ts";
import type { EvaluationEvent } from "../../runs/events.ts";
import type { TrainConfig } from "../../options/config.ts";

/** What is compared between evaluations. */
export interface Score {
  readonly step: number;
  /** Held-out loss, in nats. */
  readonly loss: number;
  /** The criterion, less is better. */
  readonly value: number;
}

export interface Memory {
  /** Before the first step. */
  readonly first?: Score;
  /** Of trained weights. */
  readonly best?: Score;
  readonly last?: Score;
  /** Evaluations since the best. */
  readonly since: number;
  /** The loss of the first step. */
  readonly firstLoss?: number;
  /** Moving mean and mean square of training losses. */
  readonly mean: number;
  readonly square: number;
  /** Steps that were heard. */
  readonly steps: number;
  /** Steps that were left out: in a row, and in all. */
  readonly spikesInRow: number;
  readonly spikes: number;
}

const score: z.ZodType<Score> = z.object({ step: z.number(), loss: z.number(), value: z.number() });

export const memorySchema: z.ZodType<Memory> = z.object({
  first: z.exactOptional(score),
  best: z.exactOptional(score),
  last: z.exactOptional(score),
  since: z.number(),
  firstLoss: z.exactOptional(z.number()),
  mean: z.number(),
  square: z.number(),
  steps: z.number(),
  spikesInRow: z.number(),
  spikes: z.number(),
});

const NOTHING: Memory = { since: 0, mean: 0, square: 0, steps: 0, spikesInRow: 0, spikes: 0 };

/** Why a run ends before its last step. */
export type Verdict = "diverged" | "no better";

export interface Judge {
  memory(): Memory;
  /** The loss above which a step is left out; undefined where none is. */
  highestLoss(): number | undefined;
  /** Hears of a step; `isSpike` if it was left out. */
  stepped(loss: number, isSpike: boolean): void;
  /** Whether training losses are so high that the held-out loss should be looked at now. */
  isAlarmed(): boolean;
  /** Hears of held-out data; returns whether they have never been better, the untrained model aside. */
  evaluated(event: EvaluationEvent): boolean;
  /** Whether the run should end, after what was heard last. */
  verdict(): Verdict | undefined;
}

/** Of a moving mean over about so many steps. */
const STEPS_OF_MEAN = 20;
/** Steps that are heard before an alarm: one may be a hard batch. */
const STEPS_OF_ALARM = 3;

export function createJudge(
  { criterion, patience, skipSpikes }: Pick<TrainConfig, "criterion" | "patience" | "skipSpikes">,
  before: Memory = NOTHING,
): Judge {
  let memory = before;

  const isHigh = (): boolean =>
    memory.firstLoss !== undefined &&
    memory.steps >= STEPS_OF_ALARM &&
    memory.mean > memory.firstLoss;

  return {
    memory: () => memory,

    highestLoss() {
      const { mean, square, steps } = memory;
      if (skipSpikes === 0 || steps === 0) return undefined;
      const deviation = Math.sqrt(Math.max(0, square - mean ** 2));
      return mean + Math.max(6 * deviation, 1 + mean / 2);
    },

    stepped(loss, isSpike) {
      if (isSpike) {
        const { spikes, spikesInRow } = memory;
        memory = { ...memory, spikes: spikes + 1, spikesInRow: spikesInRow + 1 };
        return;
      }
      const steps = memory.steps + 1;
      // The mean of all at first.
      const weight = Math.max(1 / steps, 1 / STEPS_OF_MEAN);
      memory = {
        ...memory,
        firstLoss: memory.firstLoss ?? loss,
        mean: memory.mean + weight * (loss - memory.mean),
        square: memory.square + weight * (loss ** 2 - memory.square),
        steps,
        spikesInRow: 0,
      };
    },

    isAlarmed: () => isHigh() && memory.mean > highest(memory.firstLoss ?? Infinity),

    evaluated(event) {
      const { step, loss } = event;
      const value = criterion === "loss" ? loss : -scoreOf(event, criterion);
      const now = { step, loss, value };
      if (step === 0) {
        memory = { ...memory, first: now, last: now };
        return false;
      }
      const isBest = memory.best === undefined || isBetter(now, memory.best);
      memory = {
        ...memory,
        last: now,
        ...(isBest && { best: now }),
        since: isBest ? 0 : memory.since + 1,
      };
      return isBest;
    },

    verdict() {
      const { first, last, since, spikesInRow } = memory;
      if (skipSpikes > 0 && spikesInRow >= skipSpikes) return "diverged";
      if (first && last && last.loss > highest(first.loss) && isHigh()) return "diverged";
      // Weights that are lost may say the same of everything, which is no worse than what an untrained model says.
      const isLost = memory.mean > 10 * (memory.firstLoss ?? Infinity) + 10;
      if (last && last.step > 0 && isHigh() && isLost) return "diverged";
      return patience > 0 && since >= patience ? "no better" : undefined;
    },
  };
}

/** Few answers are often as good as before: then the loss decides. */
const isBetter = (a: Score, b: Score): boolean =>
  a.value === b.value ? a.loss < b.loss : a.value < b.value;

/** What a criterion says of an evaluation, more is better. @throws {UsageError} if there is no such number. */
function scoreOf({ accuracy, metrics = {} }: EvaluationEvent, criterion: string): number {
  const found = criterion === "accuracy" ? accuracy : metrics[criterion];
  if (found !== undefined) return found;
  const known = ["loss", "accuracy", ...Object.keys(metrics)].join(", ");
  throw new UsageError(`${option("criterion")}: must be ${known}; got ${criterion}`);
}

/** Above it a loss that began here has not risen by chance. */
const highest = (first: number): number => first + Math.max(0.3, 0.2 * first);
