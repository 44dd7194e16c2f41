/**
 * @file One method in training, step by step, with its gradients in sight: the trainer's own programs without its loop. Of the
 * parameters only the targets move.
 */

import type { Matrix } from "ml-matrix";
import { UsageError } from "../errors.ts";
import type { Model } from "../models/model.ts";
import { readTensor } from "../runtime/runtime.ts";
import type { TrainConfig } from "../train/config.ts";
import { createPipeline, type Pipeline } from "../train/pipeline.ts";
import { matches } from "../train/plan.ts";
import { prepare, type Run } from "../train/prepare.ts";
import { bufferOf, clear } from "../train/state.ts";
import { createOptimizer, type Optimizer } from "../train/step.ts";
import { elementsOf, matrixOf } from "./matrix.ts";

export interface Trainee {
  readonly run: Run;
  /** Sums the gradients of a step into the accumulators. */
  backward(step: number, cycle: number): Promise<Backward>;
  /** Updates the targets from the accumulators, and clears all of these. */
  update(backward: Backward, rate: number): Promise<void>;
  /** Updates every parameter. */
  updateAll(backward: Backward, rate: number): Promise<void>;
  /** The mean gradient [out, in] of a weight whose accumulator is dense. */
  gradient(name: string, backward: Backward): Promise<Matrix>;
  clearGradients(): void;
  /** A weight as [out, in]. */
  weight(name: string): Promise<Matrix>;
  setWeight(name: string, weight: Matrix): void;
  setWeights(weights: Weights): void;
  /** Mean held-out loss, in nats. */
  evaluate(): Promise<number>;
  release(): Promise<void>;
}

export interface Backward {
  readonly step: number;
  readonly cycle: number;
  readonly lossTokens: number;
  /** Mean loss per token that counts, in nats. */
  readonly loss: number;
}

/** The weights of a model, by name. */
export type Weights = ReadonlyMap<string, Float32Array>;

/** Architectures whose linear weights are [in, out]; those of all others are [out, in]. */
const INPUTS_FIRST: ReadonlySet<string> = new Set(["gpt2"]);

export const isInputsFirst = ({ type }: Model): boolean => INPUTS_FIRST.has(type);

/** The dimension of a projection that acts on the inputs of a weight. */
export const inputSide = (model: Model): "rows" | "columns" =>
  isInputsFirst(model) ? "rows" : "columns";

/** The matrices that the patterns of `include` name and those of `exclude` do not. */
export function targetsOf(model: Model, { include, exclude }: TrainConfig): readonly string[] {
  const named = (patterns: readonly string[], name: string) =>
    patterns.some((pattern) => matches(pattern, name));
  const targets = [...model.params].flatMap(([name, { role }]) =>
    role === "matrix" && named(include, name) && !named(exclude, name) ? [name] : [],
  );
  if (targets.length > 0) return targets;
  throw new UsageError(`include: no matrix of the model is left; got ${include.join(", ")}`);
}

/** A run of one method from given weights, or from those of its options. */
export async function createTrainee(config: TrainConfig, start?: Weights): Promise<Trainee> {
  // A norm to clip to keeps every accumulator until the end of the step.
  const run = await prepare({ ...config, maxGradNorm: Number.MAX_VALUE });
  const { model, state, data } = run;
  const setAll = (weights: Weights) => {
    for (const [name, values] of weights) setElements(run, name, values);
  };
  if (start) setAll(start);
  const targets = targetsOf(model, config);
  const pipeline: Pipeline = createPipeline(run);
  const optimizer: Optimizer = createOptimizer(run);
  const transposed = isInputsFirst(model);

  const clearGradients = () => state.accumulators.forEach(clear);

  return {
    run,
    clearGradients,

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

    async update({ step, cycle, lossTokens }, learningRate) {
      const numbers = { step: step + 1, cycle, learningRate, gradientScale: 1 / lossTokens };
      for (const name of targets) {
        await optimizer.apply(name, bufferOf(state.accumulators, name), numbers);
      }
      clearGradients();
    },

    updateAll: ({ step, cycle, lossTokens }, learningRate) =>
      optimizer.applyAll({ step: step + 1, cycle, learningRate, gradientScale: 1 / lossTokens }),

    async gradient(name, { lossTokens }) {
      const sum = await readTensor(bufferOf(state.accumulators, name));
      return matrixOf(sum, transposed).div(lossTokens);
    },

    weight: async (name) => matrixOf(await readTensor(bufferOf(state.weights, name)), transposed),

    setWeight(name, weight) {
      setElements(run, name, elementsOf(weight, transposed));
    },

    setWeights: setAll,

    async evaluate() {
      let [lossTokens, lossSum] = [0, 0];
      for (const batch of data.evaluation()) {
        lossSum += await pipeline.evaluate(batch);
        lossTokens += batch.lossTokens;
      }
      return lossSum / lossTokens;
    },

    release: () => run.programs.release(),
  };
}

/** A copy of all weights. */
export async function weightsOf({ state }: Run): Promise<Weights> {
  const copies = [...state.weights].map(async ([name, buffer]) => {
    const copy = Float32Array.from(await buffer.read(), Number);
    return [name, copy] as const;
  });
  return new Map(await Promise.all(copies));
}

function setElements({ state }: Run, name: string, values: Float32Array): void {
  bufferOf(state.weights, name).write((elements) => {
    if (elements instanceof Float32Array) elements.set(values);
  });
}
