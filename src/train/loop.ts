/** @file The training loop over a prepared run. Who consumes the events decides the pace: between two events nothing runs. */

import { describePlan } from "../engine/plan.ts";
import type { EndEvent, SavedEvent, StartEvent, TrainEvent } from "../runs/events.ts";
import { elementCount } from "../tensor/shape.ts";
import { measuredMemory, predictedMemory } from "./memory/memory.ts";
import { removeCheckpoint } from "./output/checkpoint.ts";
import type { Run } from "./setup/run.ts";
import { stopwatch } from "./stopwatch.ts";
import { openTrainer, type Trainer } from "./trainer.ts";
import { translate } from "./translation.ts";

export async function* trainPrepared(
  run: Run,
  signal: AbortSignal | undefined,
): AsyncGenerator<TrainEvent, void, undefined> {
  const { config, engine, context } = run;
  const { output } = config;
  const writes = run.inputs.writes !== false;
  const trainer = await openTrainer(run);
  const { totalSteps } = trainer;
  const evaluateEvery = config.evaluateEvery || Math.max(1, Math.ceil(totalSteps / 10));
  const startStep = trainer.position().step;
  const memory = await predictedMemory(run);
  const clock = stopwatch(context.runtime, engine.parts.draws);
  const start = { totalSteps, startStep, evaluateEvery, memory };
  yield startEvent(run, start);
  if (!config.resume) yield await trainer.evaluate();

  let savedStep: number | undefined;
  const save = async function* (what: SavedEvent["what"]): AsyncGenerator<SavedEvent> {
    if (!writes) return;
    await (what === "model" ? trainer.saveModel() : trainer.saveCheckpoint());
    savedStep = trainer.position().step;
    yield { type: "saved", step: savedStep, path: output, what };
  };
  const end = (reason: EndEvent["reason"], message?: string): EndEvent => ({
    type: "end",
    reason,
    step: trainer.position().step,
    totalSteps,
    elapsedMs: clock.totalMs(),
    memory: measuredMemory(memory, run),
    ...clock.shares(),
    ...(message !== undefined && { message }),
  });

  while (trainer.position().step < totalSteps) {
    const { step } = trainer.position();
    const operationsBefore = engine.parts.programs.operations();
    let tokens = 0;
    clock.start();
    for (;;) {
      tokens += await trainer.microStep();
      if (trainer.isStepFull()) break;
      yield { type: "micro-step", step, microStep: trainer.position().microStep };
      if (signal?.aborted && trainer.isPausable()) {
        clock.stop();
        yield* save("checkpoint");
        yield end("interrupted");
        return;
      }
    }
    const result = await trainer.update();
    clock.stop();
    if (!Number.isFinite(result.loss)) {
      yield end("not a number", notANumber(trainer, output, savedStep));
      return;
    }
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
      yield* save("checkpoint");
      yield end("interrupted");
      return;
    }
    if (isLast || done % evaluateEvery === 0) {
      const evaluation = await trainer.evaluate();
      yield evaluation;
      // What is on disk are always weights whose held-out loss is a number.
      if (Number.isFinite(evaluation.loss)) yield* save("model");
    }
    if (config.saveEvery > 0 && (isLast || done % config.saveEvery === 0))
      yield* save("checkpoint");
  }

  if (writes && config.saveEvery === 0) await removeCheckpoint(context.host.files, output);
  const translation = await translate(run, trainer.position().step);
  if (translation) yield translation;
  yield end("finished");
}

const startEvent = (
  { config, model, data, drawn, plan }: Run,
  numbers: Pick<StartEvent, "totalSteps" | "startStep" | "evaluateEvery" | "memory">,
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
  notes: data.notes ?? [],
  ...numbers,
});

/** What happened, what is left and what to try. */
function notANumber(trainer: Trainer, output: string, savedStep: number | undefined): string {
  const kept =
    savedStep === undefined
      ? "no model was saved yet"
      : `${output} keeps the model of step ${savedStep}, the last whose held-out loss was a number`;
  return (
    `the loss of step ${trainer.position().step + 1} is not a number; ${kept}. ` +
    "Try a lower learningRate, maxGradNorm 1, or warmupSteps 100"
  );
}
