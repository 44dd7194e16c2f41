/** @file The training loop over a prepared run. Who consumes the events decides the pace: between two events nothing runs. */

import { describePlan } from "../engine/plan.ts";
import type { EndEvent, MemoryTable, StartEvent, TrainEvent } from "../runs/events.ts";
import { elementCount } from "../tensor/shape.ts";
import { measuredMemory } from "./memory/memory.ts";
import { type Keeper, keeperOf } from "./keeper.ts";
import type { Run } from "./setup/run.ts";
import { stopwatch } from "./stopwatch.ts";
import { openTrainer, type Trainer } from "./trainer.ts";
import { translate } from "./translation.ts";

interface LoopOptions {
  /** What the run takes in memory, as predicted. */
  readonly memory: MemoryTable;
  /** Aborting ends the run in good order. */
  readonly signal: AbortSignal | undefined;
}

export async function* trainPrepared(
  run: Run,
  options: LoopOptions,
): AsyncGenerator<TrainEvent, void, undefined> {
  const trainer = await openTrainer(run);
  const keeper = keeperOf(run, trainer);
  let isOver = false;
  try {
    yield* follow(run, { ...options, trainer, keeper });
    isOver = true;
  } finally {
    // A fault, or whoever follows the run has left it.
    if (!isOver) await keeper.rescue();
  }
}

async function* follow(
  run: Run,
  { trainer, keeper, memory, signal }: Following,
): AsyncGenerator<TrainEvent, void, undefined> {
  const { config, engine, context } = run;
  const { totalSteps } = trainer;
  const evaluateEvery = config.evaluateEvery || Math.max(1, Math.ceil(totalSteps / 10));
  const startStep = trainer.position().step;
  const clock = stopwatch(context.runtime, engine.parts.draws);
  const notes = [...trainer.notes, ...(run.data.notes ?? [])];
  const start = { totalSteps, startStep, evaluateEvery, memory, notes };
  await keeper.begin();
  yield startEvent(run, start);
  if (!config.resume) yield await trainer.evaluate();

  const end = (reason: EndEvent["reason"], message?: string): EndEvent => {
    const checkpointStep = keeper.checkpointStep();
    return {
      type: "end",
      reason,
      step: trainer.position().step,
      totalSteps,
      elapsedMs: clock.totalMs(),
      memory: measuredMemory(memory, run),
      ...clock.shares(),
      ...(message !== undefined && { message }),
      ...(checkpointStep !== undefined && { checkpointStep }),
    };
  };
  const notANumber = async (what: string): Promise<EndEvent> => {
    const left = await keeper.takeBack();
    return end("not a number", `${what}; ${left}`);
  };
  const weightsAreLost = () =>
    notANumber(`the weights after step ${trainer.position().step} are not all numbers`);

  while (trainer.position().step < totalSteps) {
    const { step } = trainer.position();
    const operationsBefore = engine.parts.programs.operations();
    let tokens = 0;
    clock.start();
    for (;;) {
      tokens += await trainer.microStep();
      if (trainer.isStepFull()) break;
      yield { type: "micro-step", step, microStep: trainer.position().microStep };
      const isLeft = signal?.aborted === true;
      if (trainer.isPausable() && (isLeft || keeper.isDue())) {
        clock.stop();
        const isSound = yield* keeper.save("checkpoint", { withModel: isLeft });
        if (!isSound) return yield await weightsAreLost();
        if (isLeft) return yield end("interrupted");
        clock.start();
      }
    }
    const result = await trainer.update();
    clock.stop();
    if (!Number.isFinite(result.loss)) {
      return yield await notANumber(`the loss of step ${step + 1} is not a number`);
    }
    keeper.proved();
    const done = step + 1;
    const ms = clock.lastMs();
    yield {
      type: "step",
      step: done,
      totalSteps,
      loss: result.loss,
      learningRate: result.learningRate,
      ...(result.gradNorm !== undefined && { gradNorm: result.gradNorm }),
      tokens,
      elapsedMs: clock.totalMs(),
      tokensPerSecond: tokens / (ms / 1000),
      gflopsPerSecond: (engine.parts.programs.operations() - operationsBefore) / 1e6 / ms,
      etaMs: (clock.totalMs() / (done - startStep)) * (totalSteps - done),
      residentBytes: context.host.memory.residentBytes(),
    };

    const isLast = done === totalSteps;
    if (signal?.aborted && !isLast) {
      const isSound = yield* keeper.save("checkpoint", { withModel: true });
      return yield isSound ? end("interrupted") : await weightsAreLost();
    }
    if (isLast || done % evaluateEvery === 0) {
      const evaluation = await trainer.evaluate();
      yield evaluation;
      // What is on disk are always weights whose held-out loss is a number.
      if (!Number.isFinite(evaluation.loss)) {
        return yield await notANumber(`the held-out loss of step ${done} is not a number`);
      }
      if (!(yield* keeper.save("model"))) return yield await weightsAreLost();
    }
    if (isLast || keeper.isDue(done)) {
      const isSound = yield* keeper.save("checkpoint", isLast ? { kept: 1 } : {});
      if (!isSound) return yield await weightsAreLost();
    }
  }

  const translation = await translate(run, trainer.position().step);
  if (translation) yield translation;
  yield end("finished");
}

/** A run that is followed. */
interface Following extends LoopOptions {
  readonly trainer: Trainer;
  readonly keeper: Keeper;
}

const startEvent = (
  { config, model, data, drawn, plan }: Run,
  numbers: Pick<StartEvent, "totalSteps" | "startStep" | "evaluateEvery" | "memory" | "notes">,
): StartEvent => ({
  type: "start",
  config,
  modelType: model.type,
  task: model.task,
  drawn,
  parameterCount: [...model.params.values()].reduce(
    (sum, { shape }) => sum + elementCount(shape),
    0,
  ),
  parameters: describePlan(plan),
  data: data.description,
  isChat: data.isChat ?? false,
  ...numbers,
});
