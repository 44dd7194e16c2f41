/** @file How a run ends: the last event, with what was reached, and what is left on disk. */

import type { EndEvent, HeldOutLoss, MemoryTable } from "../runs/events.ts";
import type { Memory } from "./evaluation/judge.ts";
import type { Keeper } from "./keeper.ts";
import { measuredMemory } from "./memory/memory.ts";
import type { Run } from "./setup/run.ts";
import type { Stopwatch } from "./stopwatch.ts";
import type { Trainer } from "./trainer.ts";

export interface Ending {
  because(reason: EndEvent["reason"], message?: string): EndEvent;
  /** It got so much worse that it is no use to go on. */
  diverged(): EndEvent;
  /** A number was lost; what led to it is taken back. */
  notANumber(what: string): Promise<EndEvent>;
  weightsAreLost(): Promise<EndEvent>;
}

interface EndingParts {
  readonly trainer: Trainer;
  readonly keeper: Keeper;
  /** As predicted. */
  readonly memory: MemoryTable;
  readonly clock: Stopwatch;
}

export function endingOf(run: Run, { trainer, keeper, memory, clock }: EndingParts): Ending {
  const { judge, totalSteps } = trainer;

  function because(reason: EndEvent["reason"], message?: string): EndEvent {
    const checkpointStep = keeper.checkpointStep();
    const keptStep = keeper.modelStep();
    const { first, best, last, spikes } = judge.memory();
    return {
      type: "end",
      reason,
      step: trainer.position().step,
      totalSteps,
      elapsedMs: clock.totalMs(),
      memory: measuredMemory(memory, run),
      ...clock.shares(),
      heldOut: {
        ...(first && { first: lossOf(first) }),
        ...(best && { best: lossOf(best) }),
        ...(last && { last: lossOf(last) }),
      },
      ...(message !== undefined && { message }),
      ...(checkpointStep !== undefined && { checkpointStep }),
      ...(keptStep !== undefined && { keptStep }),
      ...(spikes > 0 && { spikes }),
    };
  }

  async function notANumber(what: string): Promise<EndEvent> {
    const left = await keeper.takeBack();
    return because("not a number", `${what}; ${left}`);
  }

  return {
    because,
    diverged: () => because("diverged", divergence(judge.memory())),
    notANumber,
    weightsAreLost: () =>
      notANumber(`the weights after step ${trainer.position().step} are not all numbers`),
  };
}

const lossOf = ({ step, loss }: HeldOutLoss): HeldOutLoss => ({ step, loss });

/** "the held-out loss went from 1.80 to 2.96, the training loss from 2.09 to 10.61". */
function divergence({ first, last, firstLoss = 0, mean, spikesInRow }: Memory): string {
  const held =
    first && last && last.step > 0
      ? [`the held-out loss went from ${first.loss.toFixed(2)} to ${last.loss.toFixed(2)}`]
      : [];
  const spikes = spikesInRow > 0 ? [`${spikesInRow} steps in a row had a higher one`] : [];
  const training = `the training loss from ${firstLoss.toFixed(2)} to ${mean.toFixed(2)}`;
  return [...held, training, ...spikes].join(", ");
}
