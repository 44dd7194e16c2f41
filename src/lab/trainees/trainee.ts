/**
 * @file Methods in training, step by step, with their gradients in sight: the trainer's own programs without its loop. All begin at
 * the weights of one run and read its data; only the targets, or the adapters on them, move.
 */

import type { Run } from "../../train/setup/run.ts";
import type { Matrix } from "ml-matrix";
import { linearSizes } from "../../adapters/index.ts";
import { openEngine } from "../../engine/engine.ts";
import type { Model } from "../../models/model.ts";
import type { SettledConfig } from "../../train/choices/settle.ts";
import { bufferNamed, bufferOf, setElements } from "../../runtime/buffers.ts";
import type { ProgramCache } from "../../runtime/programs.ts";
import { readTensor } from "../../runtime/runtime.ts";
import { planOptionsOf, type Trainee as Planned, traineeOf } from "../../train/setup/method.ts";
import { planParameters } from "../../engine/plan.ts";
import { elementsOf, matrixOf } from "../theory/matrix.ts";

export interface Trainee {
  readonly run: Run;
  /** Sums the gradients of a step into the accumulators. */
  backward(numbers: TraineeStep): Promise<Backward>;
  /** Updates what is trained from the accumulators, and clears these. */
  update(): Promise<void>;
  /** The mean gradient [out, in] of a target that is trained whole, from its accumulator. */
  gradient(name: string, backward: Backward): Promise<Matrix>;
  clearGradients(): void;
  /** A target as [out, in]. */
  weight(name: string): Promise<Matrix>;
  setWeight(name: string, weight: Matrix): void;
  /** Mean held-out loss, in nats. */
  evaluate(): Promise<number>;
}

export interface TraineeStep {
  /** The step of the data. */
  readonly step: number;
  readonly cycle: number;
  readonly rate: number;
}

export interface Backward {
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
  config: SettledConfig,
  options: TraineeOptions,
): Promise<Trainee> => openTrainee(await siblingOf(config, options));

/** A trainee over a run that is its own. */
export function openTrainee(run: Run): Trainee {
  const { config, model, engine, data } = run;
  const { state } = engine;
  const isTransposed = (name: string) => inputAxisOf(model, name) === 0;

  return {
    run,

    async backward({ step, cycle, rate }) {
      engine.begin({ step: step + 1, cycle, learningRate: rate, opensCycle: false });
      for (let i = 0; i < config.microSteps; i++) {
        const index = step * config.microSteps + i;
        await engine.microStep(await data.training.batchAt(index), index);
      }
      const { lossSum, lossTokens } = await engine.sums();
      return { lossTokens, loss: lossSum / lossTokens };
    },

    async update() {
      await engine.update();
    },

    async gradient(name, { lossTokens }) {
      const sums = state.accumulators.get(name);
      if (!sums) throw new Error(`internal: ${name} is not trained`);
      return matrixOf(await readTensor(bufferNamed(sums, "sum")), isTransposed(name)).div(
        lossTokens,
      );
    },

    clearGradients: () => engine.discard(),

    weight: async (name) =>
      matrixOf(await readTensor(bufferOf(state.weights, name)), isTransposed(name)),

    setWeight(name, weight) {
      setElements(bufferOf(state.weights, name), elementsOf(weight, isTransposed(name)));
    },

    async evaluate() {
      const { loss, tokens } = await engine.evaluate(data.evaluation());
      return loss / tokens;
    },
  };
}

/** A run of another method beside `base`, with copies of the targets and the base's own buffers of everything else. */
async function siblingOf(
  config: SettledConfig,
  { base, targets, programs }: TraineeOptions,
): Promise<Run> {
  const planned = plannedFor(base.base, config, targets);
  const moves = new Set(targets);
  const { weights } = base.engine.state;
  const engine = openEngine({
    ...config,
    ...planned,
    holdGradients: true,
    runtime: base.context.runtime,
    shapes: base.data.shapes,
    weights: new Map([...weights].filter(([name]) => !moves.has(name))),
    ...(programs && { programs }),
  });
  for (const [name, from] of weights) {
    if (moves.has(name)) bufferOf(engine.state.weights, name).copyFrom(from);
  }
  return { ...base, ...planned, config, engine };
}

function plannedFor(model: Model, config: SettledConfig, targets: readonly string[]): Planned {
  if (config.method !== "dense" && config.method !== "flora") return traineeOf(model, config);
  const moves = new Set(targets);
  const options = planOptionsOf(config);
  const plan = planParameters(model, {
    ...options,
    trainable: {
      frozen: (name) => (moves.has(name) ? undefined : "no target"),
      rateFactor: () => 1,
    },
  });
  const { resampleEvery } = options.compressor;
  return { base: model, adapters: [], model, plan, resampleEvery };
}
