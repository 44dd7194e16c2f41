/** @file Before the experiment: options that fit it, weights to start from, and what will be measured. */

import { UsageError } from "../errors.ts";
import { usualLearningRate } from "../optim/base.ts";
import type { TrainConfig } from "../train/config.ts";
import { matches } from "../train/plan.ts";
import type { DynamicsOptions, Probe, WarmEvent } from "./dynamics-events.ts";
import { createTrainee, inputSide, type Trainee, type Weights, weightsOf } from "./trainee.ts";

/** A model that has learnt something, so that frozen embeddings and biases are worth keeping. */
export async function* warmStart(
  { config, warmStart: steps }: DynamicsOptions,
  observer: Trainee,
): AsyncGenerator<WarmEvent, Weights, undefined> {
  if (steps === 0) return weightsOf(observer.run);
  const trainee = await createTrainee({
    ...config,
    method: "dense",
    optimizer: "adam",
  });
  try {
    for (let step = 0; step < steps; step++) {
      const backward = await trainee.backward(step, 0);
      await trainee.updateAll(backward, WARM_RATE);
      yield { type: "warm", step: step + 1, loss: backward.loss };
    }
    const weights = await weightsOf(trainee.run);
    observer.setWeights(weights);
    return weights;
  } finally {
    await trainee.release();
  }
}

const WARM_RATE = usualLearningRate("adam");

/** The targets that are measured: those that the patterns name, or those of the middle block. */
export async function probesOf(
  observer: Trainee,
  targets: readonly string[],
  patterns: readonly string[] | undefined,
): Promise<readonly Probe[]> {
  const block = (name: string) => /(?:^|\.)(\d+)\./.exec(name)?.[1] ?? "";
  const blocks = [...new Set(targets.map(block))];
  const middle = blocks[blocks.length >> 1];
  const chosen = targets.filter((name) =>
    patterns ? patterns.some((pattern) => matches(pattern, name)) : block(name) === middle,
  );
  if (chosen.length === 0) {
    const names = targets.join(", ");
    throw new UsageError(`probe: no target has such a name; got ${patterns?.join(", ")}`, {
      hint: `the targets are ${names}`,
    });
  }
  const probes = chosen.map(async (name): Promise<Probe> => {
    const { rows, columns } = await observer.weight(name);
    return { name, shape: [rows, columns] };
  });
  return Promise.all(probes);
}

/** The theory speaks of plain gradient descent. */
export function checkConfig({
  optimizer,
  schedule,
  warmupSteps,
  weightDecay,
  momentum,
}: TrainConfig): void {
  const wrong = [
    ["optimizer", "sgd", optimizer],
    ["schedule", "constant", schedule],
    ["warmupSteps", 0, warmupSteps],
    ["weightDecay", 0, weightDecay],
    ["momentum", 0, momentum],
  ].find(([, expected, found]) => expected !== found);
  if (!wrong) return;
  const [name, expected, found] = wrong;
  throw new UsageError(`${name}: the theory is about plain SGD, ${expected}; got ${found}`);
}

export function checkRank(
  { run: { model } }: Trainee,
  targets: readonly string[],
  rank: number,
): void {
  const side = inputSide(model) === "rows" ? 0 : 1;
  const inputs = targets.map((name) => model.params.get(name)?.shape[side] ?? 0);
  const smallest = Math.min(...inputs);
  if (rank < smallest) return;
  throw new UsageError(`rank: must be below the ${smallest} inputs of the targets; got ${rank}`);
}
