/** @file Before the experiment: options that fit it, weights to start from, and what will be measured. */

import type { Run, RunContext } from "../../train/setup/run.ts";
import { chooseAdapters, moduleOf } from "../../adapters/index.ts";
import { UsageError, option } from "../../errors.ts";
import type { Model } from "../../models/model.ts";
import { matchesModule } from "../../nn/patterns.ts";
import { usualLearningRate } from "../../optim/registry.ts";
import type { TrainConfig } from "../../options/config.ts";
import { prepare } from "../../train/setup/prepare.ts";
import type { SettledConfig } from "../../train/choices/settle.ts";
import type { Probe, WarmEvent } from "./events.ts";
import { inputAxisOf, openTrainee } from "../trainees/trainee.ts";

/** The options of the trainees, or why there are none. */
export function trainingConfig(config: TrainConfig): TrainConfig {
  const wrong = [
    ["optimizer", "sgd", config.optimizer],
    ["schedule", "constant", config.schedule],
    ["warmupSteps", 0, config.warmupSteps],
    ["weightDecay", 0, config.weightDecay ?? 0],
    ["momentum", 0, config.momentum],
    ["accumulatorDtype", "float32", config.accumulatorDtype],
    ["weightDtype", "float32", config.weightDtype],
    ["rankPattern", 0, Object.keys(config.rankPattern).length],
    ["alphaPattern", 0, Object.keys(config.alphaPattern).length],
  ].find(([, expected, found]) => expected !== found);
  if (wrong) {
    const [name, expected, found] = wrong;
    throw new UsageError(`${name}: the theory is about plain SGD, ${expected}; got ${found}`);
  }
  return { ...config, projection: "gaussian", exclude: [], maxGradNorm: undefined };
}

/** The weights that move, by name. @throws {UsageError} if their ranks cannot be reduced. */
export function targetsOf(model: Model, config: SettledConfig): readonly string[] {
  const targets = chooseAdapters(model, config).map(({ weight }) => weight);
  const smallest = Math.min(...targets.map((name) => inputsOf(model, name)));
  if (config.rank < smallest) return targets;
  throw new UsageError(
    `${option("rank")}: must be below the ${smallest} inputs of the targets; got ${config.rank}`,
  );
}

/** The run whose weights all trainees start from. */
export const prepareBase = (
  config: TrainConfig,
  warmSteps: number,
  context: RunContext,
): Promise<Run> =>
  prepare({ ...config, method: "dense", optimizer: warmSteps > 0 ? "adam" : "sgd" }, context);

/** A short training of everything: what stays frozen afterwards should be worth keeping. */
export async function* warmStart(base: Run, steps: number): AsyncGenerator<WarmEvent, void> {
  const trainee = openTrainee(base);
  for (let step = 0; step < steps; step++) {
    const { loss } = await trainee.backward({
      step,
      cycle: 0,
      rate: usualLearningRate("adam", "scratch"),
    });
    await trainee.update();
    yield { type: "warm", step: step + 1, loss };
  }
}

/**
 * The targets that are measured: those that the patterns name; else, of the middle block, those with the fewest inputs, whose
 * f_A [in, in] is the cheapest.
 */
export function probesOf(
  model: Model,
  targets: readonly string[],
  patterns: readonly string[] | undefined,
): readonly Probe[] {
  const chosen = patterns
    ? targets.filter((name) => patterns.some((pattern) => matchesModule(pattern, moduleOf(name))))
    : ofMiddleBlock(model, targets);
  if (chosen.length === 0) {
    throw new UsageError(`probe: no target has such a name; got ${patterns?.join(", ")}`, {
      hint: `the targets are ${targets.map(moduleOf).join(", ")}`,
    });
  }
  return chosen.map((name) => {
    const axis = inputAxisOf(model, name);
    const outputs = model.params.get(name)?.shape[1 - axis] ?? 0;
    return { name, shape: [outputs, inputsOf(model, name)] };
  });
}

function ofMiddleBlock(model: Model, targets: readonly string[]): readonly string[] {
  const block = (name: string) => /(?:^|\.)(\d+)\./.exec(name)?.[1] ?? "";
  const blocks = [...new Set(targets.map(block))];
  const middle = targets.filter((name) => block(name) === blocks[blocks.length >> 1]);
  const fewest = Math.min(...middle.map((name) => inputsOf(model, name)));
  return middle.filter((name) => inputsOf(model, name) === fewest);
}

const inputsOf = (model: Model, name: string): number =>
  model.params.get(name)?.shape[inputAxisOf(model, name)] ?? 0;
