/** @file What a run takes over of another that it begins with: its adapters, and what its optimizer remembers. */

import { ADAPTER_FAMILY, isAdapterMethod } from "../../adapters/methods.ts";
import { peftName } from "../../adapters/index.ts";
import { partInitial } from "../../adapters/pissa.ts";
import { tokenRowsName } from "../../adapters/token-rows.ts";
import { setWeight, setWeightRows } from "../../engine/parts/state.ts";
import { option, UsageError } from "../../errors.ts";
import { OPTION_GROUPS } from "../../options/option-table.ts";
import { exists } from "../../host/content.ts";
import { join } from "../../host/path.ts";
import { sameShape } from "../../tensor/shape.ts";
import { ADAPTER_CONFIG } from "../../weights/files/file-names.ts";
import { loadAdapter } from "../../weights/index.ts";
import type { Run } from "../setup/run.ts";
import { adoptNewest, findCheckpoint } from "./checkpoints.ts";
import { sameJson } from "./identity.ts";

/** Options that say what the state of an optimizer is, and which random numbers it was made with. */
const OF_STATE = [
  "method",
  "optimizer",
  ...Object.keys(OPTION_GROUPS["method"] ?? {}),
  ...Object.keys(OPTION_GROUPS["adapters"] ?? {}),
  ...Object.keys(OPTION_GROUPS["weights"] ?? {}),
  "hyperparameters",
  "seed",
];

/**
 * Puts the adapters of the run that is begun with, if it left some, in place of those that were drawn.
 *
 * @throws {UsageError} if they are not those of this run's rank and targets.
 */
export async function takeAdapters(
  { adapters, base, context, engine, model, newTokens }: Run,
  from: string,
): Promise<void> {
  const { files } = context.host;
  if (!(await exists(files, join(from, ADAPTER_CONFIG)))) return;
  const { tensors: joined } = await loadAdapter(files, from);
  const tensors = partInitial(joined, adapters, (name) => peftName(base, name));
  const own = [...model.params].filter(([name]) => !base.params.has(name));
  const names = new Map(
    [...model.params.keys()].map((name) => [peftName(base, name), name] as const),
  );
  const tables = new Map(
    newTokens?.tables.map((name) => [peftName(base, tokenRowsName(name)), name] as const),
  );
  const odd =
    own.find(([name, { shape }]) => {
      const tensor = tensors.get(peftName(base, name));
      return !tensor || !sameShape(tensor.shape, shape);
    })?.[0] ?? [...tensors.keys()].find((name) => !names.has(name) && !tables.has(name));
  if (odd !== undefined) {
    throw new UsageError(
      `${option("from")}: its adapters have another rank or other targets, as ${odd} shows; got ${from}`,
      { hint: `leave ${option("rank")}, ${option("targets")} and their patterns as they were` },
    );
  }
  for (const [stored, tensor] of tensors) {
    const name = names.get(stored);
    if (name !== undefined) setWeight(engine.state, name, tensor);
    const table = tables.get(stored);
    if (newTokens && table !== undefined) {
      await setWeightRows(engine.state, table, tensor, newTokens.tokens);
    }
  }
}

/**
 * Takes the weights of the last step of the run that is begun with, and the state of its optimizer. Returns the steps that it has seen.
 *
 * @throws {UsageError} if that state is none for this run.
 */
export async function takeOver({ config, context, engine }: Run, from: string): Promise<number> {
  const { files } = context.host;
  const { method } = config;
  const { identity, position } = await findCheckpoint(files, from);
  const now: Readonly<Record<string, unknown>> = { ...config };
  const other = OF_STATE.find((name) => !sameJson(identity?.config[name], now[name]));
  if (other !== undefined) {
    const [then, own] = [identity?.config[other], now[other]].map((value) => JSON.stringify(value));
    throw new UsageError(
      `${option("keepOptimizer")}: ${option(other)} must be that of the run, ${then ?? "none"}; got ${own ?? "none"}`,
      { hint: `leave ${option("keepOptimizer")} out to begin with its model alone` },
    );
  }
  if (isAdapterMethod(method) && ADAPTER_FAMILY[method].merge) {
    throw new UsageError(
      `${option("keepOptimizer")}: ${method} begins with a new optimizer after a merge; got ${from}`,
      { hint: `leave ${option("keepOptimizer")} out` },
    );
  }
  if (position.microStep > 0) {
    throw new UsageError(
      `${option("keepOptimizer")}: the run was left within a step, ${position.step + 1}; got ${from}`,
      { hint: `go on with it first, ${option("resume")}, or leave ${option("keepOptimizer")} out` },
    );
  }
  await adoptNewest(files, from, engine.state);
  return position.step + (position.stepsBefore ?? 0);
}
