/** @file Freezing, rates and decay by name patterns, over what the method trains. A pattern names parameters that would be trained otherwise. */

import { EVERYTHING, type Trainable } from "../../engine/plan.ts";
import { option, UsageError } from "../../errors.ts";
import { type Model, paramsInUse } from "../../models/model.ts";
import { matches } from "../../nn/patterns.ts";
import type { TrainConfig } from "../../options/train-config.ts";

type Patterns = Pick<TrainConfig, "freeze" | "rateFactors" | "noDecay">;

/**
 * What is trained of a model, and at which rates: what `trainable` says, less what is frozen. Where several patterns fit, their factors
 * are multiplied.
 *
 * @throws {UsageError} if a pattern names nothing that is trained, or nothing is left to train.
 */
export function trainableOf(
  model: Model,
  { freeze, rateFactors, noDecay }: Patterns,
  trainable: Trainable = EVERYTHING,
): Trainable {
  const inUse = paramsInUse(model);
  const before = [...inUse].filter((name) => trainable.frozen(name) === undefined);
  const isFrozen = (name: string) => freeze.some((pattern) => matches(pattern, name));
  const left = before.filter((name) => !isFrozen(name));
  checkPatterns("freeze", freeze, before);
  checkPatterns("rateFactors", Object.keys(rateFactors), left);
  checkPatterns("noDecay", noDecay, left);
  if (left.length === 0) {
    throw new UsageError(`${option("freeze")}: nothing is left to train; got ${freeze.join(", ")}`);
  }
  return {
    frozen: (name) => trainable.frozen(name) ?? (isFrozen(name) ? "asked for" : undefined),
    rateFactor: (name) =>
      Object.entries(rateFactors).reduce(
        (product, [pattern, factor]) => (matches(pattern, name) ? product * factor : product),
        trainable.rateFactor(name),
      ),
    rows: (name) => trainable.rows?.(name),
  };
}

function checkPatterns(
  name: "freeze" | "noDecay" | "rateFactors",
  patterns: readonly string[],
  trained: readonly string[],
): void {
  const idle = patterns.find((pattern) => !trained.some((param) => matches(pattern, param)));
  if (idle === undefined) return;
  throw new UsageError(`${option(name)}: no parameter that is trained matches "${idle}"`, {
    hint: `parameters are named as in the model's file, ${trained[0] ?? "none"} say, and * stands for any text`,
  });
}
