/**
 * @file One training step, and nothing else: no options, no files, no events. In the order of the step,
 *
 *   resample      a new cycle: state is moved into its subspaces
 *   micro-step    forward, loss and backward over one micro-batch
 *   accumulate    each gradient goes into its accumulator where it is born; those that need not wait are used at once
 *   reduce        accumulators and losses are added up over all who take part; in the last micro-step as soon as they are complete
 *   clip          one factor for all gradients, from their global norm
 *   update        parameter by parameter; accumulators are empty again
 *
 * A gradient need not wait where a step has one micro-batch, nobody to reduce with, no norm to clip to, and its parameter is used in one
 * place: then `microStep` updates the parameter itself, and at no time is there more than the gradient of a stage.
 */

import type { Recompute } from "../autodiff/index.ts";
import { option, UsageError } from "../errors.ts";
import type { Batch } from "../models/batch.ts";
import { type InputTypes, type Model } from "../models/model.ts";
import { numberOf, releaseAll } from "../runtime/buffers.ts";
import { createProgramCache, type ProgramCache } from "../runtime/programs.ts";
import type { Buffer, Buffers, Runtime } from "../runtime/runtime.ts";
import { createSlots } from "../runtime/slots.ts";
import {
  added,
  nothingTold,
  sumOf,
  type EvaluationSums,
  type Objective,
  type Sums,
} from "./objectives/objective.ts";
import { objectiveOf } from "./objectives/registry.ts";
import { nextName } from "./parts/names.ts";
import { createDraws } from "./parts/draws.ts";
import { type Plan, planOf, trainingOf } from "./parts/param-plan.ts";
import type { EngineParts } from "./parts/parts.ts";
import { createState, reset, type TrainState } from "./parts/state.ts";
import { createPipeline } from "./pipeline.ts";
import { createSubspaces } from "./subspaces.ts";
import { createUpdate, type UpdateNumbers } from "./update.ts";
import { accumulatorFeeds, buildDecay, buildNorm } from "./update-programs.ts";
import { openWholeGradients } from "./whole-gradients.ts";

export interface EngineOptions {
  readonly model: Model;
  readonly plan: Plan;
  readonly runtime: Runtime;
  /** The seed of masks, projections and rounding. */
  readonly seed: number;
  /** The shapes of batches that may occur, the largest last. */
  readonly shapes: readonly InputTypes[];
  /** Micro-batches of a step. */
  readonly microSteps: number;
  /** The global norm that gradients are clipped to; none if absent. */
  readonly maxGradNorm?: number | undefined;
  /** Activation checkpointing: which activations the backward pass computes once more instead of keeping them; "all" by default. */
  readonly recompute?: Recompute | undefined;
  /** Rows of the output embedding that are computed at a time; 4096 by default. */
  readonly vocabularyChunk?: number;
  /** ε: the share of each target that the model's own objective spreads over all classes in training; 0 by default. */
  readonly labelSmoothing?: number;
  /** NEFTune's α, of the noise on embeddings of tokens in training; 0 by default. */
  readonly neftuneAlpha?: number;
  /** What is minimised; what the model proposes if absent. */
  readonly objective?: Objective | undefined;
  /** Adds up gradients and losses over all who take part in a step; nobody else does if absent. */
  readonly reduce?: Reduce | undefined;
  /** Whether all gradients wait for the end of the step, so that they can be looked at; false by default. */
  readonly holdGradients?: boolean;
  /** Buffers of weights that are shared with others. */
  readonly weights?: ReadonlyMap<string, Buffer>;
  /** Compiled programs that are shared with an engine of the same plan. */
  readonly programs?: ProgramCache;
}

/** What a step adds up. */
export interface StepSums {
  /** Of the tokens that count, in nats. */
  readonly lossSum: number;
  readonly lossTokens: number;
  /** What the objective tells besides. */
  readonly told?: Sums;
}

/** The losses of all who take part. */
export interface ReducedSums extends StepSums {
  /** Tokens whose gradients are in the accumulators, if not those of all. */
  readonly gradientTokens?: number;
}

/**
 * Replaces the sums in accumulators by their sums over all who take part. Where an accumulator has a momentum in it, one participant begins
 * the step with it, and the others with zeros.
 */
export interface Reduce {
  /**
   * Takes accumulators that have all of a step in them; all participants call it with the same ones in the same order. What it has taken may
   * be on its way while the backward pass goes on, and moves when it is called. `microStep` is the last one of this participant.
   */
  take(accumulators: readonly Buffers[], microStep: number): Promise<void>;
  /** Ends a step: all that was taken has been replaced. Returns the sums of the losses. */
  end(own: StepSums): Promise<ReducedSums>;
}

export interface StepNumbers extends UpdateNumbers {
  /** Whether a cycle begins with this step, so that subspaces that are learned are learned anew. */
  readonly opensCycle: boolean;
  /** The mean loss above which the step is left out; none is if absent. */
  readonly highestLoss?: number | undefined;
}

export interface UpdateResult extends StepSums {
  /** Whether the loss was too high, so that no parameter was touched. */
  readonly isSkipped?: true;
  /** The global norm of the mean gradient before clipping, an estimate where it is compressed; absent where nothing is clipped. */
  readonly gradNorm?: number;
}

export interface Engine {
  readonly parts: EngineParts;
  readonly objective: Objective;
  /** Weights, accumulators, optimizer state and learned subspaces; the caller fills the weights. */
  readonly state: TrainState;
  /** Expresses state in the subspaces of another cycle; once, before the first step of that cycle. */
  resample(fromCycle: number, toCycle: number): Promise<void>;
  /** Begins a step, or goes on with one whose sums so far are these. */
  begin(numbers: StepNumbers, sums?: StepSums): void;
  /** One micro-batch; `index` counts micro-steps of the run. After the last one of a step, accumulators are reduced as stages complete them. */
  microStep(batch: Batch, index: number, place?: { readonly isLast: boolean }): Promise<void>;
  /** The sums of the step so far. */
  sums(): Promise<StepSums>;
  /** Ends a step: reduce, clip, update. If the loss is not finite, or too high, no parameter is touched. */
  update(): Promise<UpdateResult>;
  /** Whether the state is complete, so that a step may be left here and gone on with from a checkpoint. */
  isPausable(): boolean;
  /** Empties the accumulators without an update. */
  discard(): void;
  /** Sums over batches, without dropout and gradients. */
  evaluate(batches: Iterable<Batch>): Promise<EvaluationSums>;
  /** What whole gradients take in the steps that learn subspaces from them. */
  readonly wholeGradientBytes: number;
  /** Frees all programs, and what they work with; not the state. */
  release(): Promise<void>;
}

const NOTHING: StepSums = { lossSum: 0, lossTokens: 0 };

export function openEngine(options: EngineOptions): Engine {
  const { model, plan, runtime, seed, shapes, maxGradNorm, reduce } = options;
  const { recompute = "all", vocabularyChunk = 4096, neftuneAlpha = 0 } = options;
  const objective = options.objective ?? objectiveOf(model, options.labelSmoothing);
  checkCarried(options);
  const immediate = immediateParams(options);
  const parts: EngineParts = {
    runtime,
    model,
    plan,
    state: createState({ runtime, model, plan, immediate, weights: options.weights }),
    programs: options.programs ?? createProgramCache(runtime),
    slots: createSlots(runtime),
    draws: createDraws(seed),
    shapes,
    recompute,
    vocabularyChunk,
    neftuneAlpha,
  };
  const { state, programs, slots } = parts;
  const pipeline = createPipeline(parts, objective.open(parts));
  const whole = openWholeGradients(parts, objective);
  const subspaces = createSubspaces(parts);
  const updateParam = createUpdate(parts);

  let numbers: StepNumbers = { step: 1, cycle: 0, learningRate: 0, opensCycle: false };
  /** The sums of earlier micro-steps, and losses that nobody has read yet. */
  let known = NOTHING;
  let unread: Buffer[] = [];
  let lastMicroStep = 0;
  /** Whose accumulators are being reduced. */
  let taken = new Set<string>();

  /** Accumulators of the step: in one that learns subspaces, those of whole gradients. */
  const stepAccumulators = () => (whole?.isOpen() ? whole.accumulators : state.accumulators);

  async function take(names: readonly string[]): Promise<void> {
    const accumulators = stepAccumulators();
    for (const name of names) taken.add(name);
    const own = [...accumulators].flatMap(([name, each]) => (names.includes(name) ? [each] : []));
    await reduce?.take(own, lastMicroStep);
  }

  /** Reads what micro-steps left on the device: once a step. */
  async function sums(): Promise<StepSums> {
    let { lossSum } = known;
    for (const loss of unread) lossSum += await numberOf(loss);
    known = { ...known, lossSum };
    unread = [];
    return known;
  }

  /** The global norm of the sums in the accumulators; of compressed ones it is an unbiased estimate (squared). */
  async function normOfSums(): Promise<number> {
    const squared = slots.take("squaredNorm", "float32", []);
    let total = 0;
    for (const [name, tensors] of state.accumulators) {
      const { accumulator } = trainingOf(plan, name);
      const key = `norm ${planOf(plan, name).key}`;
      const executable = await programs.get(key, () => buildNorm(accumulator));
      await programs.run(executable, accumulatorFeeds(tensors), { squaredNorm: squared });
      total += await numberOf(squared);
    }
    return Math.sqrt(total);
  }

  /** What turns the sum of a gradient over tokens into what the parameter's rule takes. */
  const scaleOf = (name: string, tokens: number): number =>
    trainingOf(plan, name).rule.takesSum ? 1 : 1 / tokens;

  /** Empties an accumulator after its step, or leaves the share in it that is momentum. */
  async function leave(name: string, tensors: Buffers): Promise<void> {
    const { accumulator, rule } = trainingOf(plan, name);
    const { carry } = rule;
    if (carry === undefined) return reset(tensors, accumulator.state);
    const key = `decay ${planOf(plan, name).key}`;
    const executable = await programs.get(key, () => buildDecay(accumulator, carry));
    const { inputs } = executable.program;
    const own = Object.entries(accumulatorFeeds(tensors)).filter(([fed]) => fed in inputs);
    const next = own.map(([fed, buffer]) => [nextName(fed), buffer] as const);
    await programs.run(executable, Object.fromEntries(own), Object.fromEntries(next));
  }

  /** Whether a sum of losses may be learned from. */
  const isUsable = (lossSum: number, lossTokens: number): boolean =>
    Number.isFinite(lossSum) && lossSum / lossTokens <= (numbers.highestLoss ?? Infinity);

  function discard(): void {
    for (const [name, accumulator] of state.accumulators) {
      reset(accumulator, trainingOf(plan, name).accumulator.state);
    }
    whole?.discard();
  }

  return {
    parts,
    objective,
    state,
    resample: (fromCycle, toCycle) => subspaces.transfer(fromCycle, toCycle),

    begin(next, before = NOTHING) {
      numbers = next;
      known = { ...nothingTold(objective), ...before };
      unread = [];
      taken = new Set();
      if (next.opensCycle) whole?.begin();
    },

    async microStep(batch, index, { isLast } = { isLast: false }) {
      const keys = { cycle: numbers.cycle, microStep: index };
      lastMicroStep = index;
      const loss = slots.take(`loss ${unread.length}`, "float32", []);
      const through = whole?.isOpen() ? whole.pipeline : pipeline;
      const forward = await through.forward(batch, keys, {
        loss,
        tell: (told) => void (known = { ...known, told: added(known.told, told) }),
      });
      unread.push(loss);
      known = { ...known, lossTokens: known.lossTokens + batch.lossTokens };
      // Updates at once are the last word: not from a loss that is no number.
      if (immediate.size === 0 || isUsable(await numberOf(loss), batch.lossTokens)) {
        for await (const { loose, complete } of through.backward(forward)) {
          for (const { name, accumulator } of loose) {
            const gradientScale = scaleOf(name, batch.lossTokens);
            await updateParam(name, accumulator, { ...numbers, gradientScale });
          }
          if (isLast) await take(complete);
        }
      }
      releaseAll(Object.values(forward.fed));
    },

    sums,

    async update() {
      const own = await sums();
      // Reduce
      await take([...stepAccumulators().keys()].filter((name) => !taken.has(name)));
      const { gradientTokens, ...total }: ReducedSums = (await reduce?.end(own)) ?? own;
      const tokens = gradientTokens ?? total.lossTokens;
      if (!Number.isFinite(total.lossSum)) return total;
      if (!isUsable(total.lossSum, total.lossTokens)) {
        discard();
        return { ...total, isSkipped: true };
      }
      if (whole?.isOpen()) await whole.learn(subspaces);
      // Clip
      const mean = 1 / tokens;
      const gradNorm = maxGradNorm === undefined ? undefined : (await normOfSums()) * mean;
      const clip =
        maxGradNorm === undefined || gradNorm === undefined
          ? 1
          : Math.min(1, maxGradNorm / (gradNorm + 1e-6));
      // Update
      for (const [name, accumulator] of state.accumulators) {
        const gradientScale = clip * scaleOf(name, tokens);
        await updateParam(name, accumulator, { ...numbers, gradientScale });
        await leave(name, accumulator);
      }
      return { ...total, ...(gradNorm !== undefined && { gradNorm }) };
    },

    isPausable: () => !whole?.isOpen(),
    wholeGradientBytes: whole?.bytes ?? 0,
    discard,

    async evaluate(batches) {
      let sum: EvaluationSums = { loss: 0, correct: 0, tokens: 0, ...nothingTold(objective) };
      for (const batch of batches) {
        sum = sumOf(sum, await pipeline.evaluate(batch));
      }
      return sum;
    },

    async release() {
      await programs.release();
      slots.release();
    },
  };
}

/** @throws {UsageError} if gradients of a step are asked for by themselves where a momentum is kept in their accumulators. */
function checkCarried({ plan, maxGradNorm }: EngineOptions): void {
  if (maxGradNorm === undefined) return;
  const carried = [...plan.values()].find(({ training }) => training?.rule.carry !== undefined);
  if (!carried) return;
  throw new UsageError(
    `${option("maxGradNorm")}: needs the gradient of a step by itself; got ${carried.name}, whose accumulator has a momentum in it`,
    { hint: "plan the parameters with keepsGradientsApart" },
  );
}

/** Parameters whose gradient need not wait for the end of the step. */
function immediateParams(options: EngineOptions): ReadonlySet<string> {
  const { model, plan, microSteps, maxGradNorm, reduce, holdGradients = false } = options;
  if (microSteps > 1 || maxGradNorm !== undefined || reduce || holdGradients) return new Set();
  const uses = model.stages.flatMap(({ params }) => Object.values(params));
  const waits = (name: string) =>
    plan.get(name)?.training?.compression?.subspace.kind === "learned" ||
    plan.get(name)?.training?.rule.carry !== undefined ||
    uses.indexOf(name) !== uses.lastIndexOf(name) ||
    name === model.head?.weight;
  return new Set(uses.filter((name) => plan.get(name)?.training !== undefined && !waits(name)));
}
