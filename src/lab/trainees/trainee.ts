/**
 * @file Methods in training, step by step, with their gradients in sight: the trainer's own programs without its loop. All begin at
 * the weights of one run and read its data; only the targets, or the adapters on them, move.
 */

import { trainingOf } from "../../engine/param-plan.ts";
import type { Matrix } from "ml-matrix";
import { linearSizes } from "../../adapters/index.ts";
import type { Model } from "../../models/model.ts";
import { type Buffer, readTensor } from "../../runtime/runtime.ts";
import type { TrainConfig } from "../../options/config.ts";
import { type Trainee as Planned, traineeOf } from "../../train/method.ts";
import { createPipeline } from "../../engine/pipeline.ts";
import { planParameters } from "../../train/plan.ts";
import type { Run } from "../../train/prepare.ts";
import { createProgramCache, type ProgramCache } from "../../runtime/programs.ts";
import { createSlots } from "../../runtime/slots.ts";
import { bufferNamed, bufferOf, createState, floats, reset } from "../../engine/state.ts";
import { createOptimizer } from "../../engine/optimizer.ts";
import { elementsOf, matrixOf } from "../theory/matrix.ts";

export interface Trainee {
  readonly run: Run;
  /** Sums the gradients of a step into the accumulators. */
  backward(step: number, cycle: number): Promise<Backward>;
  /** Updates what is trained from the accumulators, and clears these. */
  update(backward: Backward, rate: number): Promise<void>;
  /** The mean gradient [out, in] of a target that is trained whole, from its accumulator. */
  gradient(name: string, backward: Backward): Promise<Matrix>;
  clearGradients(): void;
  /** A target as [out, in]. */
  weight(name: string): Promise<Matrix>;
  setWeight(name: string, weight: Matrix): void;
  /** Mean held-out loss, in nats. */
  evaluate(): Promise<number>;
}

export interface Backward {
  readonly step: number;
  readonly cycle: number;
  readonly lossTokens: number;
  /** Mean loss per token that counts, in nats. */
  readonly loss: number;
}

/** A method that is compared with others. */
export interface Contender {
  readonly run: Run;
  /** One step; returns the mean loss before it. */
  step(step: number): Promise<number>;
  /** The weight that the model computes with, [out, in]. */
  effective(name: string): Promise<Matrix>;
  /** Mean held-out loss, in nats. */
  evaluate(): Promise<number>;
}

/** The axis of a weight that the input is multiplied along. */
export const inputAxisOf = ({ params }: Model, name: string): 0 | 1 => {
  const spec = params.get(name);
  return (spec && linearSizes(spec)?.inputAxis) ?? 1;
};

export interface TraineeOptions {
  /** The run whose weights are the start, and whose data are read. */
  readonly base: Run;
  /** The weights that move, by name. */
  readonly targets: readonly string[];
  /** Of another trainee with the same method and scale. */
  readonly programs?: ProgramCache;
}

/** A trainee for the method of `config`: "dense", "flora", "lora" or "lora-fa". */
export const createTrainee = async (
  config: TrainConfig,
  options: TraineeOptions,
): Promise<Trainee> => openTrainee(await siblingOf(config, options));

/** A trainee over a run that is its own. */
export function openTrainee(run: Run): Trainee {
  const { config, model, plan, state, data } = run;
  const pipeline = createPipeline(run);
  const optimizer = createOptimizer(run);
  const isTransposed = (name: string) => inputAxisOf(model, name) === 0;

  return {
    run,

    async backward(step, cycle) {
      let [lossTokens, lossSum] = [0, 0];
      for (let i = 0; i < config.microSteps; i++) {
        const microStep = step * config.microSteps + i;
        const batch = data.training.batchAt(microStep);
        lossSum += await pipeline.microStep(batch, { cycle, microStep });
        lossTokens += batch.lossTokens;
      }
      return { step, cycle, lossTokens, loss: lossSum / lossTokens };
    },

    update: ({ step, cycle, lossTokens }, learningRate) =>
      optimizer.applyAll({ step: step + 1, cycle, learningRate, gradientScale: 1 / lossTokens }),

    async gradient(name, { lossTokens }) {
      const sums = state.accumulators.get(name);
      if (!sums) throw new Error(`internal: ${name} is not trained`);
      return matrixOf(await readTensor(bufferNamed(sums, "sum")), isTransposed(name)).div(
        lossTokens,
      );
    },

    clearGradients() {
      for (const [name, sums] of state.accumulators) {
        reset(sums, trainingOf(plan, name).accumulator.state);
      }
    },

    weight: async (name) =>
      matrixOf(await readTensor(bufferOf(state.weights, name)), isTransposed(name)),

    setWeight(name, weight) {
      setElements(bufferOf(state.weights, name), elementsOf(weight, isTransposed(name)));
    },

    async evaluate() {
      let [lossTokens, lossSum] = [0, 0];
      for (const batch of data.evaluation()) {
        lossSum += (await pipeline.evaluate(batch)).loss;
        lossTokens += batch.lossTokens;
      }
      return lossSum / lossTokens;
    },
  };
}

/** Overwrites a buffer. */
export function setElements(buffer: Buffer, values: Float32Array): void {
  buffer.write((elements) => floats(elements).set(values));
}

/** A run of another method beside `base`, with copies of the targets and the base's own buffers of everything else. */
async function siblingOf(
  config: TrainConfig,
  { base, targets, programs }: TraineeOptions,
): Promise<Run> {
  const { runtime } = base;
  const planned = plannedFor(base.base, config, targets);
  const { model, plan } = planned;
  const state = createState({ runtime, model, plan, immediate: new Set() });
  const moves = new Set(targets);
  const weights = new Map(state.weights);
  for (const [name, from] of base.state.weights) {
    if (moves.has(name)) setElements(bufferOf(weights, name), floats(await from.read()));
    else weights.set(name, from);
  }
  return {
    ...base,
    ...planned,
    config,
    state: { ...state, weights },
    programs: programs ?? createProgramCache(runtime),
    slots: createSlots(runtime),
  };
}

function plannedFor(model: Model, config: TrainConfig, targets: readonly string[]): Planned {
  if (config.method !== "dense" && config.method !== "flora") return traineeOf(model, config);
  const moves = new Set(targets);
  const plan = planParameters(model, config, {
    frozen: (name) => (moves.has(name) ? undefined : "no target"),
    rateFactor: () => 1,
  });
  return { base: model, adapters: [], model, plan };
}
