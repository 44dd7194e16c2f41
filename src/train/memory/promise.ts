/**
 * @file A run that does not fit into memory does not begin: before anything large is allocated its predicted peak is compared with what
 * there is, and what would fit is said, best first.
 */

import type { Recompute } from "../../autodiff/index.ts";
import { option, UsageError } from "../../errors.ts";
import type { InputTypes } from "../../models/model.ts";
import type { TrainConfig } from "../../options/config.ts";
import { settle, type SettledConfig } from "../choices/settle.ts";
import type { MemoryTable } from "../../runs/events.ts";
import { bytesPerElement } from "../../tensor/dtype.ts";
import { elementCount } from "../../tensor/shape.ts";
import type { RunInputs } from "../setup/inputs.ts";
import { leavesAdapters, traineeOf } from "../setup/method.ts";
import { modelOf } from "../setup/model.ts";
import { existing } from "../setup/weights-on-disk.ts";
import { ranksOf } from "../ranks/ranks.ts";
import type { RunContext } from "../setup/run.ts";
import type { RunParts } from "../setup/prepare.ts";
import { gigabytes } from "./gigabytes.ts";
import {
  type ChosenPrediction,
  IDLE_BYTES,
  type MemoryParts,
  memoryPartsOf,
  predict,
  predictChosen,
  type Prediction,
} from "./memory.ts";

/**
 * Checks that the weights of a model from scratch fit, before its data are read.
 *
 * @throws {UsageError} with what they would take, and what there is.
 */
export async function promiseWeights(
  config: TrainConfig,
  context: RunContext,
  { model: loaded }: RunInputs,
): Promise<void> {
  const { host } = context;
  // One that is made for the data is small.
  const isUnnamed = typeof config.model !== "string" && Object.keys(config.model).length === 0;
  if (typeof config.model === "string" || isUnnamed || loaded || config.lowMemory) return;
  const { params } = await modelOf(host.files, config, { vocabularySize: 1 });
  const needed = [...params.values()].reduce(
    (sum, { shape }) => sum + elementCount(shape) * bytesPerElement(config.weightDtype),
    0,
  );
  const available = freeBytes(context);
  if (needed <= available) return;
  const { files } = host;
  const hasRoom = needed <= (await files.freeBytes(await existing(files, config.output)));
  const hint = `${option("lowMemory")} leaves them on disk; or take a smaller model`;
  throw tooLarge("the weights alone", { needed, available }, hasRoom ? hint : undefined);
}

/**
 * Checks that a run fits; returns the prediction.
 *
 * @throws {UsageError} with what it would take, what there is, and what would fit.
 */
export async function promiseMemory(run: RunParts): Promise<ChosenPrediction> {
  const { config, context, data, inputs } = run;
  const { memory } = context.host;
  const available = freeBytes(context);
  const baseBytes = Math.max(IDLE_BYTES, memory.residentBytes() - (data.bytes ?? 0));
  const holdGradients = ranksOf(context).size > 1;
  const parts: MemoryParts = { ...memoryPartsOf(run, baseBytes), holdGradients };
  const batch = batchBytes(data.shapes.at(-1) ?? {});
  // A counted step holds one batch.
  if (batch > available) throw tooLarge("one batch alone", { needed: batch, available });
  const fits = ({ table }: Prediction) => table.predictedTotal <= available;
  const chosen = await predictChosen(parts);
  if (fits(chosen)) return chosen;
  const prediction = config.recompute === undefined ? await predict(parts) : chosen;
  if (fits(prediction)) return { ...prediction, recompute: config.recompute ?? "all" };
  const { table } = prediction;
  const needed = table.predictedTotal;
  const fitting: string[] = [];
  for (const changes of savers(config, shareOf(table, available))) {
    const peak = await predict(changed(parts, changes, inputs)).then(
      ({ table: { predictedTotal } }) => predictedTotal,
      () => Infinity,
    );
    if (peak <= available) fitting.push(`${inWords(changes, config)} (${gigabytes(peak)})`);
  }
  const hint =
    fitting.length === 0 ? undefined : `what would fit: ${fitting.slice(0, 3).join(", or ")}`;
  throw tooLarge("the run", { needed, available }, hint);
}

/** What a run may take beside the other ranks of its machine. */
const freeBytes = (context: RunContext): number => {
  const { memory } = context.host;
  return memory.availableBytes() / ranksOf(context).localSize + memory.residentBytes();
};

const batchBytes = (types: InputTypes): number =>
  Object.values(types).reduce(
    (sum, { dtype, shape }) => sum + elementCount(shape) * bytesPerElement(dtype),
    0,
  );

/** What does not fit. */
export const tooLarge = (
  what: string,
  { needed, available }: { readonly needed: number; readonly available: number },
  hint = "take a smaller model, a shorter context, or fewer sequences at a time",
): UsageError =>
  new UsageError(
    `memory: ${what} would take ${gigabytes(needed)}; got ${gigabytes(available)} that are free`,
    { hint },
  );

/** The share of a batch that would fit, as far as memory is that of batches. */
function shareOf({ rows, predictedTotal }: MemoryTable, available: number): number {
  const ofBatches = rows
    .filter(({ name }) => name === "activations" || name === "workspace")
    .reduce((sum, { predicted }) => sum + predicted, 0);
  return (available - (predictedTotal - ofBatches)) / ofBatches;
}

/** What keeps fewer activations. */
const KEPT_LESS: Readonly<Record<Recompute, readonly Recompute[]>> = {
  all: [],
  cheap: ["all"],
  none: ["cheap", "all"],
};

/** Options that take less memory, best first: what changes no number, then what changes few. */
function savers(config: SettledConfig, share: number): readonly Partial<TrainConfig>[] {
  const { batchSize, lowMemory, method, microSteps, rank, weightDtype } = config;
  const split = (size: number) => ({
    recompute: "all" as const,
    batchSize: size,
    microSteps: microSteps * (batchSize / size),
  });
  const sizes = Array.from({ length: 20 }, (_, i) => batchSize / 2 ** (i + 1));
  const fitting = sizes.filter((size) => Number.isInteger(size) && size <= share * batchSize);
  return [
    ...KEPT_LESS[config.recompute ?? "all"].map((recompute) => ({ recompute })),
    ...fitting.slice(0, 2).map(split),
    ...(method === "dense" ? [{ ...split(1), method: "flora" as const }] : []),
    ...(rank > 8 ? [{ ...split(1), rank: 8 }] : []),
    ...(leavesAdapters(config) && config.baseDtype === undefined
      ? [{ ...split(1), baseDtype: "int8" as const }]
      : []),
    ...(weightDtype === "float32" ? [{ ...split(1), weightDtype: "bfloat16" as const }] : []),
    // It takes time, and a disk.
    ...(lowMemory ? [] : [{ lowMemory: true }, { ...split(1), lowMemory: true }]),
  ];
}

/** What is to be written for options to be these. */
function inWords(changes: Partial<TrainConfig>, config: TrainConfig): string {
  const own = new Map<string, unknown>(Object.entries(config));
  return Object.entries(changes)
    .filter(([name, value]) => own.get(name) !== value)
    .map(([name, value]) =>
      typeof value === "number" || typeof value === "string"
        ? option(name, String(value))
        : option(name),
    )
    .join(" ");
}

/** The same run with other options. */
function changed(
  parts: MemoryParts,
  changes: Partial<TrainConfig>,
  inputs: RunInputs,
): MemoryParts {
  const config = settle({ ...parts.config, ...changes }, parts.trainee.base, inputs);
  return {
    ...parts,
    config,
    trainee: traineeOf(parts.trainee.base, config, inputs, parts.trainee.growth),
    shapes: parts.shapes.map((types) =>
      withBatchSize(types, parts.config.batchSize, config.batchSize),
    ),
  };
}

const withBatchSize = (types: InputTypes, from: number, to: number): InputTypes =>
  Object.fromEntries(
    Object.entries(types).map(([name, { dtype, shape }]) => [
      name,
      { dtype, shape: shape.map((dim, axis) => (axis === 0 && dim === from ? to : dim)) },
    ]),
  );
