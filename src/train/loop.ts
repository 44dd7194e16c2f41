/** @file The training loop over a prepared run. Who consumes the events decides the pace: between two events nothing runs. */

import { fromFirst, someRank } from "../collective/index.ts";
import { describePlan } from "../engine/plan.ts";
import type { MemoryTable, StartEvent, TrainEvent } from "../runs/events.ts";
import { elementCount } from "../tensor/shape.ts";
import { endingOf } from "./ending.ts";
import { evaluationTimes, MINUTE_MS } from "./evaluation/times.ts";
import { type Keeper, keeperOf } from "./keeper.ts";
import { restoreOutput } from "./output/restore-output.ts";
import { openSampler } from "./evaluation/samples.ts";
import { methodNotes } from "./choices/method-notes.ts";
import { usualWarmup } from "./setup/rates.ts";
import { ranksOf } from "./ranks/ranks.ts";
import type { Run } from "./setup/run.ts";
import { shareStep, watchRanks } from "./ranks/shared-step.ts";
import { stopwatch } from "./stopwatch.ts";
import { openTrainer, type Trainer } from "./trainer.ts";
import { translate } from "./evaluation/translation.ts";

interface LoopOptions {
  /** What the run takes in memory, as predicted. */
  readonly memory: MemoryTable;
  /** What a step will take in time, roughly. */
  readonly stepMs: number;
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
  { trainer, keeper, memory, stepMs, signal }: Following,
): AsyncGenerator<TrainEvent, void, undefined> {
  const { config, engine, context } = run;
  const { judge, totalSteps } = trainer;
  const startStep = trainer.position().step;
  const clock = stopwatch(context.runtime, engine.parts.draws);
  const times = evaluationTimes(config, {
    totalSteps,
    batches: trainer.evaluationBatches,
    startStep,
    judge,
  });
  const sampler = openSampler(run);
  const end = endingOf(run, { trainer, keeper, memory, clock });
  const ranks = ranksOf(context);
  const slowness = watchRanks(ranks);

  await keeper.begin();
  yield startEvent(run, { trainer, memory, stepMs, evaluateEvery: times.interval });
  if (!config.resume) {
    const evaluation = await trainer.evaluate();
    judge.evaluated(evaluation);
    yield evaluation;
  }

  while (trainer.position().step < totalSteps) {
    const { step } = trainer.position();
    const operationsBefore = engine.parts.programs.operations();
    let tokens = 0;
    // Who waits for another here is not slow.
    await trainer.fetch();
    clock.start();
    for (;;) {
      tokens += await trainer.microStep();
      if (trainer.isStepFull()) break;
      yield { type: "micro-step", step, microStep: trainer.position().microStep };
      const isLeft = signal?.aborted === true;
      if (trainer.isPausable() && (isLeft || keeper.isDue())) {
        clock.stop();
        const isSound = yield* keeper.save("checkpoint", { withModel: isLeft });
        if (!isSound) return yield await end.weightsAreLost();
        if (isLeft) return yield end.because("interrupted");
        clock.start();
      }
    }
    const ownMs = clock.sinceStartMs();
    const result = await trainer.update();
    clock.stop();
    const all = shareStep(ranks, {
      elapsedMs: clock.totalMs(),
      ownMs,
      tokens,
    });
    if (!Number.isFinite(result.loss)) {
      return yield await end.notANumber(`the loss of step ${step + 1} is not a number`);
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
      ...(result.metrics && { metrics: result.metrics }),
      tokens: all.tokens,
      elapsedMs: all.elapsedMs,
      tokensPerSecond: all.tokens / (ms / 1000),
      gflopsPerSecond:
        (ranks.size * (engine.parts.programs.operations() - operationsBefore)) / 1e6 / ms,
      etaMs: (clock.totalMs() / (done - startStep)) * (totalSteps - done),
      residentBytes: context.host.memory.residentBytes(),
    };

    const slow = slowness.after(all.ownMs);
    if (slow !== undefined) yield { type: "note", text: slow };

    if (!trainer.haveMet()) continue;
    const isLast = done === totalSteps;
    const isLeft = someRank(ranks, signal?.aborted === true);
    if (isLeft && !isLast) {
      const isSound = yield* keeper.save("checkpoint", { withModel: true });
      return yield isSound ? end.because("interrupted") : await end.weightsAreLost();
    }
    const isTimeOver = all.elapsedMs >= (config.maxMinutes ?? Infinity) * MINUTE_MS;
    if (isLast || isTimeOver || times.isDue(done, all.elapsedMs)) {
      const evaluation = await trainer.evaluate();
      yield evaluation;
      // What is on disk are always weights whose held-out loss is a number.
      if (!Number.isFinite(evaluation.loss)) {
        return yield await end.notANumber(`the held-out loss of step ${done} is not a number`);
      }
      const isBest = judge.evaluated(evaluation);
      if (isBest || config.keep === "last") {
        if (!(yield* keeper.save("model"))) return yield await end.weightsAreLost();
      }
      const [elapsedMs = 0] = fromFirst(ranks, [clock.totalMs()]);
      times.done(done, elapsedMs);
      const samples = ranks.rank === 0 && (await sampler.answer(done, { isLast, elapsedMs }));
      if (samples) yield samples;
    }
    const verdict = judge.verdict();
    if (verdict === "diverged") return yield end.diverged();
    const early = isLast ? undefined : (verdict ?? (isTimeOver ? "out of time" : undefined));
    if (isLast || early || keeper.isDue(done)) {
      const isSound = yield* keeper.save("checkpoint", isLast ? { kept: 1 } : {});
      if (!isSound) return yield await end.weightsAreLost();
    }
    if (isLast || early) {
      if (ranks.rank === 0) {
        const translation = await translate(run, await backToKept(run, { trainer, keeper }));
        if (translation) yield translation;
      }
      return yield end.because(early ?? "finished");
    }
  }
  yield end.because("finished");
}

/** The weights of the model that is left, in memory; returns the steps that are done in it. */
async function backToKept(
  run: Run,
  { trainer, keeper }: Pick<Following, "keeper" | "trainer">,
): Promise<number> {
  const { step } = trainer.position();
  const kept = run.config.keep === "best" ? (keeper.modelStep() ?? step) : step;
  if (kept !== step) await restoreOutput(run);
  return kept;
}

/** A run that is followed. */
interface Following extends LoopOptions {
  readonly trainer: Trainer;
  readonly keeper: Keeper;
}

/** What comes first: all that is known before the first step. */
function startEvent(
  run: Run,
  {
    trainer,
    stepMs,
    ...known
  }: Pick<Following, "memory" | "stepMs" | "trainer"> & Pick<StartEvent, "evaluateEvery">,
): StartEvent {
  const { config, model, data, drawn, plan } = run;
  const { totalSteps } = trainer;
  return {
    type: "start",
    config,
    device: run.context.runtime.name,
    learningRate: config.learningRate,
    warmupSteps: config.warmupSteps ?? usualWarmup(totalSteps),
    modelType: model.type,
    task: model.task,
    drawn,
    parameterCount: [...model.params.values()].reduce(
      (sum, { shape }) => sum + elementCount(shape),
      0,
    ),
    parameters: describePlan(plan),
    data: data.description,
    isChat: data.isChat === true,
    notes: [...trainer.notes, ...(data.notes ?? []), ...methodNotes(run), ...run.notes],
    totalSteps,
    startStep: trainer.position().step,
    estimatedMs: stepMs * (totalSteps - trainer.position().step),
    ...known,
  };
}
