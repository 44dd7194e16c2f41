/**
 * @file LoRA, LoRA-FA and ReLoRA by SGD, beside the frozen weights they adapt.
 *
 *   W = W_0 + s B A            A_0 ~ N(0, 1/r), B_0 = 0
 *   A ← A - η s Bᵀ G           not LoRA-FA (arXiv:2308.03303)
 *   B ← B - η s G Aᵀ
 *   every k steps: W_0 ← W_0 + s B A, a new A, B ← 0        ReLoRA (arXiv:2307.05695)
 */

import { Matrix } from "ml-matrix";
import type { TrainConfig } from "../train/config.ts";
import { type Adapters, updateOf } from "./recursion.ts";
import { createTrainee, inputSide, targetsOf, type Trainee, type Weights } from "./trainee.ts";

export interface AdapterTrainee {
  readonly trainee: Trainee;
  /** One step; returns the mean loss before it. */
  step(step: number): Promise<number>;
  /** The adapters of a target. */
  adapters(name: string): Adapters;
  /** The weight that the model computes with, [out, in]. */
  effective(name: string): Matrix;
}

export interface AdapterOptions {
  /** The step of the data with which step 0 begins. */
  readonly firstStep: number;
  /** η */
  readonly rate: number;
  /** s */
  readonly scale: number;
  /** Whether A is trained too. */
  readonly trainsA: boolean;
  /** Steps between merges; none if absent. */
  readonly mergeEvery?: number;
}

export async function createAdapterTrainee(
  config: TrainConfig,
  start: Weights,
  options: AdapterOptions,
): Promise<AdapterTrainee> {
  const trainee = await createTrainee({ ...config, method: "dense" }, start);
  const { firstStep, rate, scale, trainsA, mergeEvery } = options;
  const targets = targetsOf(trainee.run.model, config);
  const base = new Map<string, Matrix>();
  const adapters = new Map<string, Adapters>();
  for (const name of targets) {
    const weight = await trainee.weight(name);
    base.set(name, weight);
    adapters.set(name, await fresh(name, 0, weight.rows));
  }

  async function fresh(name: string, cycle: number, rows: number): Promise<Adapters> {
    const a = await initialA(trainee, name, cycle);
    return { a, b: Matrix.zeros(rows, a.rows) };
  }

  const effective = (name: string): Matrix =>
    Matrix.add(known(base, name), updateOf(known(adapters, name), { rate, scale }));

  async function merge(cycle: number): Promise<void> {
    for (const name of targets) {
      const merged = effective(name);
      base.set(name, merged);
      adapters.set(name, await fresh(name, cycle, merged.rows));
    }
  }

  return {
    trainee,
    effective,
    adapters: (name) => known(adapters, name),

    async step(step) {
      if (mergeEvery !== undefined && step > 0 && step % mergeEvery === 0) {
        await merge(step / mergeEvery);
      }
      for (const name of targets) trainee.setWeight(name, effective(name));
      const backward = await trainee.backward(firstStep + step, 0);
      for (const name of targets) {
        const g = await trainee.gradient(name, backward);
        const { a, b } = known(adapters, name);
        adapters.set(name, {
          a: trainsA
            ? Matrix.sub(
                a,
                b
                  .transpose()
                  .mmul(g)
                  .mul(rate * scale),
              )
            : a,
          b: Matrix.sub(b, g.mmul(a.transpose()).mul(rate * scale)),
        });
      }
      trainee.clearGradients();
      return backward.loss;
    },
  };
}

/** A_0 of a target: the very matrix by which FLORA projects its gradient in a cycle, [r, in]. */
export async function initialA(trainee: Trainee, name: string, cycle: number): Promise<Matrix> {
  const { draws, runtime, model, config } = trainee.run;
  const { columns: dimension } = await trainee.weight(name);
  const { rank } = config;
  const buffer = runtime.allocate("float32", [rank, dimension]);
  const side = inputSide(model);
  draws.projection(name, cycle, { side, rank, dimension, family: "gaussian" }, buffer);
  return Matrix.from1DArray(rank, dimension, Array.from(await buffer.read(), Number));
}

function known<T>(values: ReadonlyMap<string, T>, name: string): T {
  const value = values.get(name);
  if (value !== undefined) return value;
  throw new Error(`internal: no target ${name}`);
}
