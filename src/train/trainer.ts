/**
 * @file A run in training, step by step: which batch comes next, at which rate, and when adapters are merged. Nothing is told to anybody;
 * `loop.ts` makes events of it.
 */

import type { UpdateResult } from "../engine/engine.ts";
import { meansOf } from "../engine/objectives/objective.ts";
import { option, UsageError } from "../errors.ts";
import type { EvaluationEvent } from "../runs/events.ts";
import { evaluateRun, evaluationBatches } from "./evaluation/evaluate.ts";
import { evaluatedBatches } from "./evaluation/times.ts";
import { createJudge, type Judge, type Memory } from "./evaluation/judge.ts";
import { isFiniteState, START, type Position } from "./output/checkpoint.ts";
import { loadCheckpoint, saveCheckpoint } from "./output/checkpoints.ts";
import { compareContents, type Identity, identityOf } from "./output/identity.ts";
import { takeAdapters, takeOver } from "./output/take-over.ts";
import { removeLeftovers } from "./output/leftovers.ts";
import { saveOutput } from "./output/output.ts";
import { askReference, loadReference, saveReference } from "./output/reference.ts";
import { mergeSchedule } from "./setup/merge-schedule.ts";
import { mergeAdapters } from "./setup/merge.ts";
import { checkRanks, leaveMomentum, ranksOf } from "./ranks/ranks.ts";
import { openOuterStep } from "./outer-step.ts";
import { createRates } from "./setup/rates.ts";
import type { Run } from "./setup/run.ts";

export interface StepResult extends UpdateResult {
  /** Mean loss per token that counts, in nats. */
  readonly loss: number;
  readonly learningRate: number;
  /** Means of what the objective tells besides. */
  readonly metrics?: Readonly<Record<string, number>>;
}

export interface SaveOptions {
  readonly withModel?: boolean;
  /** Checkpoints that are left; 2 if absent. */
  readonly kept?: number;
}

export interface Trainer {
  readonly totalSteps: number;
  readonly judge: Judge;
  /** What the reader should know before the first step: checkpoints that were damaged. */
  readonly notes: readonly string[];
  position(): Position;
  /** Whether all micro-batches of the step have been seen. */
  isStepFull(): boolean;
  /** Whether the run may be left here and gone on with from a checkpoint: not within a micro-step or an update, nor after one that failed. */
  isPausable(): boolean;
  /** Whether all ranks are in one state; between two steps they are not, where they step by themselves. */
  haveMet(): boolean;
  /** Whether all that a checkpoint would hold are numbers. */
  isFinite(): Promise<boolean>;
  /** Gets from other ranks what the batches of a step lack, and waits for them; before its first micro-step. */
  fetch(): Promise<void>;
  /** One micro-batch, and as many on the other ranks. Returns its tokens, padding not counted. */
  microStep(): Promise<number>;
  /** Ends a step that is full. If the loss is not finite, nothing was updated and the position stays. */
  update(): Promise<StepResult>;
  /** Batches of an evaluation. */
  readonly evaluationBatches: number;
  /** Held-out loss. */
  evaluate(): Promise<EvaluationEvent>;
  saveModel(): Promise<void>;
  /** All that it takes to go on, and the model if there is none yet, or it is asked for. */
  saveCheckpoint(options?: SaveOptions): Promise<void>;
}

/**
 * The trainer of a run, at its start or where its checkpoint left off.
 *
 * @throws {UsageError} if there are fewer batches than a step takes, or no checkpoint to go on from.
 */
export async function openTrainer(run: Run): Promise<Trainer> {
  const { config, context, data, engine, resampleEvery } = run;
  const { files } = context.host;
  const { microSteps, output } = config;
  const ranks = ranksOf(context);
  checkRanks(config, ranks);
  const outer = openOuterStep(ranks, run);
  const state = { ...engine.state, outer: outer?.momentum };
  const totalSteps = stepsOf(run);
  const merges = mergeSchedule(config, totalSteps);
  const rates = createRates(config, totalSteps, merges, run.inputs);
  const batches = evaluationBatches(run);
  const evaluated = evaluatedBatches(config, { totalSteps, batches });
  let identity: Promise<Identity> | undefined;
  // It takes a look at all data: not before the first checkpoint.
  const ownIdentity = () => (identity ??= identityOf(run, totalSteps));
  // All have a part in the look.
  if (ranks.size > 1) await ownIdentity();
  let position = START;
  let memory: Memory | undefined;
  const notes: string[] = [];
  if (config.resume) {
    const found = await loadCheckpoint(files, output, state);
    if (found.identity) compareContents(found.identity, await ownIdentity());
    ({ position, memory } = found);
    for (const { message } of found.damaged) {
      notes.push(`${message}; went on from the one before it, ${found.path}`);
    }
  }
  if (config.from !== undefined && !config.resume) {
    await takeAdapters(run, config.from);
    if (config.keepOptimizer)
      position = { ...START, stepsBefore: await takeOver(run, config.from) };
  }
  if (config.resume) await loadReference(run);
  else await askReference(run);
  await outer?.begin();
  const judge = createJudge(config, memory);
  let isOpen = false;
  /** Whether a micro-step or an update has begun that has not ended. */
  let isBusy = false;
  /** Whether what a reference and a teacher said is on disk. */
  let isSaidOnDisk = config.resume;
  /** The position whose model is on disk. */
  let saved: Position | undefined;

  const haveMet = () => position.step % config.syncEvery === 0 || position.step === totalSteps;

  async function saveModel(): Promise<void> {
    if (saved === position) return;
    await files.makeDirectory(output);
    await removeLeftovers(files, output);
    // What merges and casts for the file comes on top of what steps have left.
    context.runtime.collectGarbage();
    await saveOutput(run);
    saved = position;
  }

  /**
   * Begins a step or goes on with it. What lies between two steps is done at the start of the second: a checkpoint that is written
   * between them has it ahead, once.
   */
  async function open(): Promise<void> {
    const { step, microStep, lossSum, lossTokens, told, stepsBefore = 0 } = position;
    const counted = stepsBefore + step;
    const cycle = Math.floor(counted / resampleEvery);
    const isFresh = microStep === 0;
    const opensCycle = isFresh && counted % resampleEvery === 0;
    if (opensCycle && counted > 0) await engine.resample(cycle - 1, cycle);
    if (merges && isFresh && step > 0 && step % merges.every === 0) {
      await mergeAdapters(run, merges, step / merges.every);
    }
    if (isFresh && !outer) leaveMomentum(ranks, { state: engine.state, plan: run.plan });
    const { learningRate, optimizerStep } = rates(step);
    const highestLoss = judge.highestLoss();
    const optimizerSteps = stepsBefore + optimizerStep;
    const numbers = { step: optimizerSteps, cycle, learningRate, opensCycle, highestLoss };
    engine.begin(numbers, { lossSum, lossTokens, ...(told && { told }) });
    isOpen = true;
  }

  return {
    totalSteps,
    judge,
    notes,
    position: () => position,
    isStepFull: () => position.microStep === microSteps,
    // What a rank has added up within a step is no checkpoint of the run.
    isPausable: () =>
      !isBusy && engine.isPausable() && haveMet() && (ranks.size === 1 || position.microStep === 0),
    haveMet,

    async isFinite() {
      const { lossSum } = isOpen ? await engine.sums() : START;
      return Number.isFinite(lossSum) && isFiniteState(state);
    },

    async fetch() {
      await data.training.fetch?.(position.step * microSteps);
    },

    async microStep() {
      const { step, microStep, stepsBefore = 0 } = position;
      const index = step * microSteps + microStep + ranks.rank;
      // What is read only now may be refused, which leaves the run as it was.
      const read = await data.training.batchAt(index);
      const batch = run.teacher?.teach(read) ?? read;
      isBusy = true;
      if (!isOpen) await open();
      const next = microStep + ranks.size;
      const place = { isLast: next === microSteps };
      await engine.microStep(batch, stepsBefore * microSteps + index, place);
      position = { ...position, microStep: next };
      isBusy = false;
      return batch.tokens;
    },

    async update() {
      isBusy = true;
      const { step } = position;
      const result = await engine.update();
      const loss = result.lossSum / result.lossTokens;
      isOpen = false;
      if (Number.isFinite(loss)) {
        judge.stepped(loss, result.isSkipped === true);
        const { told: _, ...before } = position;
        position = { ...before, ...START, step: step + 1 };
        if (haveMet()) await outer?.meet(position.step);
        isBusy = false;
      }
      const metrics = result.told && meansOf(result.told, result.lossTokens);
      return {
        ...result,
        loss,
        learningRate: rates(step).learningRate,
        ...(metrics && { metrics }),
      };
    },

    evaluationBatches: evaluated,
    evaluate: () => evaluateRun(run, position.step, evaluated < batches ? evaluated : undefined),

    saveModel,

    async saveCheckpoint({ withModel = false, kept } = {}) {
      // A checkpoint goes on with the tokenizer and the config that stand beside it.
      if (withModel || (saved === undefined && !config.resume)) await saveModel();
      const pending = isOpen ? await engine.sums() : {};
      const note = {
        position: { ...position, ...pending },
        identity: await ownIdentity(),
        memory: judge.memory(),
      };
      if (!isSaidOnDisk) {
        await saveReference(run);
        await run.teacher?.save();
      }
      isSaidOnDisk = true;
      await saveCheckpoint(files, output, state, note, { kept });
    },
  };
}

function stepsOf({ config, data }: Run): number {
  const { steps, epochs = 1, microSteps } = config;
  if (steps !== undefined) return steps;
  const { batchesPerEpoch } = data.training;
  if (batchesPerEpoch === undefined) {
    throw new UsageError(`${option("stream")}: nobody knows how long an epoch is`, {
      hint: `say how many ${option("steps")} to take`,
    });
  }
  const total = Math.floor((batchesPerEpoch * epochs) / microSteps);
  if (total > 0) return total;
  throw new UsageError(
    `${option("microSteps")}: ${epochs} epochs are fewer micro-batches than a step takes; got ${microSteps}`,
  );
}
