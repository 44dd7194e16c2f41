/** @file The options of a run that begins with what another one left: that run's, and over them those that are given. */

import { isAdapterMethod } from "../../adapters/methods.ts";
import { option, UsageError } from "../../errors.ts";
import type { FileStore } from "../../host/host.ts";
import { checkOptions, parseConfig, type TrainOptions } from "../../options/config.ts";
import { OPTIONS } from "../../options/option-table.ts";
import { leavesAdapters } from "../setup/method.ts";
import { findCheckpoint, hasCheckpoint } from "./checkpoints.ts";

/** What belongs to the run that ended. */
const OF_ONE_RUN = [
  "from",
  "keepOptimizer",
  "output",
  "overwrite",
  "recompute",
  "resume",
  "resumeLearningRate",
  "saveEvery",
];

/** What is another thing, or the usual one, where another option is given. */
const FOLLOWS: Readonly<Record<string, readonly string[]>> = {
  epochs: ["steps"],
  method: ["rank", "alpha", "learningRate", "modulesToSave", "resampleEvery", "compressMoments"],
  optimizer: ["learningRate", "weightDecay", "noDecay", "hyperparameters"],
  steps: ["epochs"],
  train: ["mix"],
};

/**
 * Options for a run from the output directory of another, which they name.
 *
 * @throws {UsageError} if there is no run, or its model is not one to be trained as the options say.
 */
export async function continuedOptions(
  files: FileStore,
  from: string,
  given: TrainOptions,
): Promise<TrainOptions> {
  if (given.model !== undefined) {
    throw new UsageError(
      `${option("from")}: names the model already; got ${option("model")} beside it`,
      { hint: `leave ${option("model")} out` },
    );
  }
  const { identity } = (await hasCheckpoint(files, from)) ? await findCheckpoint(files, from) : {};
  if (!identity) {
    throw new UsageError(`${option("from")}: no run with a checkpoint; got ${from}`, {
      hint: `give the output directory of a run, or ${option("model")} for a model alone`,
    });
  }
  const isGiven = (name: string) =>
    Object.entries(given).some(([own, v]) => own === name && v !== undefined);
  const left = new Set([
    ...OF_ONE_RUN,
    ...Object.entries(FOLLOWS).flatMap(([name, others]) => {
      const isSame =
        identity.config[name] === new Map<string, unknown>(Object.entries(given)).get(name);
      return isGiven(name) && !isSame ? others : [];
    }),
  ]);
  const all = checkOptions(
    Object.fromEntries(
      Object.entries(identity.config).filter(([name]) => name in OPTIONS && !left.has(name)),
    ),
  );
  const { projection, ...others } = all;
  // Each method has its usual family: of another one it is another.
  const isUsual = projection === parseConfig({ method: all.method }).projection;
  const earlier = isUsual ? others : all;
  const own = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const options: TrainOptions = { ...earlier, ...own, from };
  const before = parseConfig(earlier);
  if (!leavesAdapters(before)) {
    // Its directory has the tokenizer too, with the marks of a chat template in it.
    return {
      ...options,
      model: from,
      ...(given.tokenizer === undefined && { tokenizer: "bytes" }),
    };
  }
  const { method } = parseConfig(options);
  if (isAdapterMethod(method) && leavesAdapters(parseConfig(options))) return options;
  throw new UsageError(
    `${option("from")}: its adapters are no part of what ${method} trains; got ${from}`,
    {
      hint: `make a model of them first, flora merge --adapter ${from}, and give it as ${option("model")}`,
    },
  );
}
