/**
 * @file The training loop, as an asynchronous generator of events.
 *
 *   micro-step   forward and backward over one micro-batch; gradients go into accumulators
 *   step         after `microSteps` of them: clip, update, next cycle
 *
 * Who consumes the events decides the pace: between two events nothing runs.
 *
 * @example
 * for await (const event of train(parseConfig({ steps: 100 }), { host: nodeHost() })) {
 *   if (event.type === "step") console.log(event.step, event.loss);
 * }
 */

import { UsageError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import type { StepNumbers } from "../engine/update.ts";
import { loadCheckpoint, removeCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import type { TrainConfig } from "../options/config.ts";
import { evaluateLoss, translate } from "./evaluation.ts";
import type { EndEvent, SavedEvent, StepEvent, TrainEvent } from "../runs/events.ts";
import { measuredMemory, predictedMemory } from "./memory.ts";
import { mergeAdapters, mergeSchedule } from "./merge.ts";
import { checkOutput, saveOutput } from "./output.ts";
import { createPipeline } from "../engine/pipeline.ts";
import { describePlan, resampleInterval } from "./plan.ts";
import { type DataInputs, prepare, type Run } from "./prepare.ts";
import { createRates } from "./rates.ts";
import { type Position, START } from "../engine/state.ts";
import { createOptimizer, type Optimizer } from "../engine/optimizer.ts";

export interface TrainRunOptions extends DataInputs {
  readonly host: Host;
  /** Aborting finishes the micro-step, saves a checkpoint and ends the run. */
  readonly signal?: AbortSignal;
}

/**
 * Trains a model and saves it.
 *
 * @throws {UsageError} if the options do not fit together, before anything is written.
 * @throws {FormatError} if a file is not what it should be.
 */
export async function* train(
  config: TrainConfig,
  { host, signal, ...inputs }: TrainRunOptions,
): AsyncGenerator<TrainEvent, void, undefined> {
  await checkOutput(host.files, config);
  const run = await prepare(host, config, inputs);
  try {
    yield* trainPrepared(run, signal);
  } finally {
    await run.programs.release();
  }
}

async function* trainPrepared(
  run: Run,
  signal: AbortSignal | undefined,
): AsyncGenerator<TrainEvent, void, undefined> {
  const { host, config, model, data, plan, state, programs, draws, runtime } = run;
  const pipeline = createPipeline(run);
  const optimizer = createOptimizer(run);
  const totalSteps = stepsOf(run);
  const evaluateEvery = config.evaluateEvery || Math.max(1, Math.ceil(totalSteps / 10));
  let position = config.resume ? await loadCheckpoint(host.files, config.output, state) : START;
  const startStep = position.step;
  const memory = predictedMemory(run);
  const clock = stopwatch();

  let savedStep: number | undefined;
  const save = async (what: SavedEvent["what"]): Promise<SavedEvent> => {
    const { output } = config;
    // A checkpoint goes on with the tokenizer and the config that stand beside it.
    await saveOutput(run);
    savedStep = position.step;
    if (what === "checkpoint") await saveCheckpoint(host.files, output, state, position);
    return { type: "saved", step: position.step, path: output, what };
  };
  const end = (reason: EndEvent["reason"], message?: string): EndEvent => ({
    type: "end",
    reason,
    step: position.step,
    totalSteps,
    elapsedMs: clock.totalMs(),
    memory: measuredMemory(memory, run),
    projectionShare: clock.share(draws.projectionMs()),
    overheadShare: 1 - clock.share(clock.runtimeMs() + draws.projectionMs()),
    ...(message !== undefined && { message }),
  });

  yield {
    type: "start",
    config,
    modelType: model.type,
    task: model.task,
    drawn: run.drawn,
    parameterCount: [...model.params.values()].reduce(
      (n, { shape }) => n + shape.reduce((size, dim) => size * dim, 1),
      0,
    ),
    parameters: describePlan(plan),
    memory,
    data: data.description,
    totalSteps,
    startStep,
    evaluateEvery,
  };
  if (!config.resume) yield await evaluateLoss(run, pipeline, position.step);

  const merges = mergeSchedule(config, totalSteps);
  const rates = createRates(config, totalSteps, merges);
  const interval = resampleInterval(config);

  while (position.step < totalSteps) {
    const { step } = position;
    const cycle = Math.floor(step / interval);
    const { learningRate, optimizerStep } = rates(step);
    let tokens = 0;
    const operationsBefore = programs.operations();
    clock.start(runtime.elapsedMs());
    if (step > 0 && position.microStep === 0) {
      if (step % interval === 0) await optimizer.transfer(cycle - 1, cycle);
      if (merges && step % merges.every === 0) {
        await mergeAdapters(run, merges, step / merges.every);
      }
    }

    while (position.microStep < config.microSteps) {
      const { microStep } = position;
      const index = step * config.microSteps + microStep;
      const batch = data.training.batchAt(index);
      const gradientScale = 1 / batch.lossTokens;
      const numbers = { step: optimizerStep, cycle, learningRate, gradientScale };
      const loss = await pipeline.microStep(batch, { cycle, microStep: index }, (name, gradient) =>
        optimizer.apply(name, gradient, numbers),
      );
      if (!Number.isFinite(loss)) {
        clock.stop(runtime.elapsedMs());
        yield end("not a number", notANumber(position, config.output, savedStep));
        return;
      }
      tokens += batch.tokens;
      position = {
        step,
        microStep: microStep + 1,
        lossTokens: position.lossTokens + batch.lossTokens,
        lossSum: position.lossSum + loss,
      };
      if (position.microStep === config.microSteps) break;
      yield { type: "micro-step", step, microStep: position.microStep };
      if (signal?.aborted) {
        clock.stop(runtime.elapsedMs());
        yield await save("checkpoint");
        yield end("interrupted");
        return;
      }
    }

    const numbers = { step: optimizerStep, cycle, learningRate };
    const gradNorm = await finishStep(run, optimizer, position, numbers);
    clock.stop(runtime.elapsedMs());
    const loss = position.lossSum / position.lossTokens;
    position = { step: step + 1, microStep: 0, lossTokens: 0, lossSum: 0 };

    const ms = clock.lastMs();
    const done: StepEvent = {
      type: "step",
      step: position.step,
      totalSteps,
      loss,
      learningRate,
      ...(gradNorm !== undefined && { gradNorm }),
      tokens,
      elapsedMs: clock.totalMs(),
      tokensPerSecond: tokens / (ms / 1000),
      gflopsPerSecond: (programs.operations() - operationsBefore) / 1e6 / ms,
      etaMs: (clock.totalMs() / (position.step - startStep)) * (totalSteps - position.step),
      residentBytes: host.memory.residentBytes(),
    };
    yield done;

    const last = position.step === totalSteps;
    if (signal?.aborted && !last) {
      yield await save("checkpoint");
      yield end("interrupted");
      return;
    }
    if (last || position.step % evaluateEvery === 0) {
      const evaluation = await evaluateLoss(run, pipeline, position.step);
      yield evaluation;
      // What is on disk are always weights whose held-out loss is a number.
      if (Number.isFinite(evaluation.loss)) yield await save("model");
    }
    if (config.saveEvery > 0 && (last || position.step % config.saveEvery === 0)) {
      yield await save("checkpoint");
    }
  }

  if (config.saveEvery === 0) await removeCheckpoint(host.files, config.output);
  const translation = await translate(run, position.step);
  if (translation) yield translation;
  yield end("finished");
}

/** Clips, and updates every parameter that waited for the end of the step. Returns the norm, if it was asked for. */
async function finishStep(
  { config }: Run,
  optimizer: Optimizer,
  { lossTokens }: Position,
  numbers: Omit<StepNumbers, "gradientScale">,
): Promise<number | undefined> {
  const { maxGradNorm } = config;
  const mean = 1 / lossTokens;
  const gradNorm = maxGradNorm === undefined ? undefined : (await optimizer.gradientNorm()) * mean;
  const clip =
    maxGradNorm === undefined || gradNorm === undefined
      ? 1
      : Math.min(1, maxGradNorm / (gradNorm + 1e-6));
  await optimizer.applyAll({ ...numbers, gradientScale: clip * mean });
  return gradNorm;
}

function stepsOf({ config, data }: Run): number {
  const { steps, epochs = 1, microSteps } = config;
  if (steps !== undefined) return steps;
  const total = Math.floor((data.training.batchesPerEpoch * epochs) / microSteps);
  if (total > 0) return total;
  throw new UsageError(
    `microSteps: ${epochs} epochs are fewer micro-batches than a step takes; got ${microSteps}`,
  );
}

/** What happened, what is left and what to try. */
function notANumber({ step }: Position, output: string, savedStep: number | undefined): string {
  const kept =
    savedStep === undefined
      ? "no model was saved yet"
      : `${output} keeps the model of step ${savedStep}, the last whose held-out loss was a number`;
  return (
    `the loss of step ${step + 1} is not a number; ${kept}. ` +
    "Try a lower learningRate, maxGradNorm 1, or warmupSteps 100"
  );
}

/** Time in all, and time spent training, evaluation and saving left out. */
function stopwatch() {
  const begin = performance.now();
  let started = { at: 0, runtimeMs: 0 };
  let training = 0;
  let runtime = 0;
  let last = 0;
  return {
    start(runtimeMs: number) {
      started = { at: performance.now(), runtimeMs };
    },
    stop(runtimeMs: number) {
      last = performance.now() - started.at;
      training += last;
      runtime += runtimeMs - started.runtimeMs;
    },
    lastMs: () => last,
    /** The part of the training time that `ms` is. */
    share: (ms: number) => (training === 0 ? 0 : ms / training),
    runtimeMs: () => runtime,
    totalMs: () => performance.now() - begin,
  };
}
