/** @file A run whose weights lie on disk does not begin where the disk has no room for them, and for what it saves; nor where it would need all at once. */

import { option, UsageError } from "../../errors.ts";
import type { MemoryTable } from "../../runs/events.ts";
import { bytesPerElement } from "../../tensor/dtype.ts";
import { elementCount } from "../../tensor/shape.ts";
import { metricOf } from "../evaluation/criterion.ts";
import { leavesAdapters } from "../setup/method.ts";
import type { RunParts } from "../setup/prepare.ts";
import { existing } from "../setup/weights-on-disk.ts";
import { gigabytes } from "./gigabytes.ts";

/** What people should know of a run with `lowMemory`. @throws {UsageError} if it is to answer, for which all weights are in memory at once. */
export function checkLowMemory({ config, inputs, data }: RunParts): readonly string[] {
  const { criterion, lowMemory, samplePrompts } = config;
  if (!lowMemory) return [];
  const refusal = (got: string, hint: string) =>
    new UsageError(`${option("lowMemory")}: answers take all weights at once; got ${got}`, {
      hint,
    });
  if (samplePrompts !== undefined) {
    const hint = "leave it out; flora generate asks the finished model";
    throw refusal(option("samplePrompts"), hint);
  }
  if (metricOf(criterion, inputs)) {
    throw refusal(option("criterion", criterion), `take ${option("criterion", "loss")}`);
  }
  const wouldAnswer = data.pairs.length > 0 || (data.questions ?? []).length > 0;
  return wouldAnswer ? [NO_ANSWERS] : [];
}

const NO_ANSWERS =
  "no answers are shown, for which all weights would be in memory at once; flora evaluate and flora generate ask the finished model";

/** Checkpoints that are there while the next one is written, and that one. */
const CHECKPOINTS = 3;
/** The model that is there while the next one is written, and that one. */
const MODELS = 2;

/**
 * Checks that the disk has room for the weights, and for what the run saves.
 *
 * @throws {UsageError} with what it would take, and what there is.
 */
export async function promiseDisk(
  { base, config, context, inputs }: RunParts,
  { disk, rows }: MemoryTable,
): Promise<void> {
  if (disk === undefined) return;
  const { baseDtype, output, outputDtype, saveEvery, steps, weightDtype } = config;
  const state = rows
    .filter(({ name }) => name === "accumulators" || name === "optimizer state")
    .reduce((bytes, { predicted }) => bytes + predicted, 0);
  const checkpoint = state + (baseDtype === undefined ? disk : 0);
  const elements = [...base.params.values()].reduce(
    (sum, { shape }) => sum + elementCount(shape),
    0,
  );
  const model = leavesAdapters(config) ? 0 : elements * bytesPerElement(outputDtype ?? weightDtype);
  const savesOnce = saveEvery > 0 && steps !== undefined && saveEvery >= steps;
  const saved = (savesOnce ? 1 : CHECKPOINTS) * checkpoint + MODELS * model;
  const needed = disk + (inputs.writes === false ? 0 : saved);
  const { files } = context.host;
  const free = await files.freeBytes(await existing(files, output));
  if (needed <= free) return;
  const elsewhere = `give an ${option("output")} on a larger disk`;
  const less = gigabytes(needed - (CHECKPOINTS - 1) * checkpoint);
  const rarer = `${option("saveEvery")} no less than ${option("steps")}, which saves at the end alone and takes ${less}`;
  throw new UsageError(
    `disk: the run would take ${gigabytes(needed)}, ${gigabytes(disk)} of it for weights and the rest for what it saves; got ${gigabytes(free)} that are free`,
    { hint: savesOnce || inputs.writes === false ? elsewhere : `${elsewhere}, or ${rarer}` },
  );
}
