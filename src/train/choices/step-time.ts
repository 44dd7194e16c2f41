/** @file How long a step will take, before the first one: its operations at the speed of the machine. */

import type { StreamedData, TrainData } from "../../tasks/task-data.ts";
import { elementCount, type Shape } from "../../tensor/shape.ts";
import type { SettledConfig } from "./settle.ts";

/** Of the rate of a large product; what is not a product takes the rest of the time. */
const EFFICIENCY = 0.5;
/** Batches whose sizes are looked at. */
const LOOKED_AT = 16;
/** The same, where more would have to be read. */
const FIRST = 1;

interface Cost {
  /** Of a micro-step of the largest batch. */
  readonly operations: number;
  /** Operations of a second. */
  readonly speed: number;
}

/** The mean time of a step in milliseconds, within a factor of two or so. Of data that are read as they are needed, the first batches count. */
export async function estimatedStepMs(
  { config, data }: { readonly config: SettledConfig; readonly data: StreamedData | TrainData },
  { operations, speed }: Cost,
): Promise<number> {
  const { training, shapes } = data;
  const largest = sizeOf(Object.values(shapes.at(-1) ?? {}));
  const count = Math.min(LOOKED_AT, training.batchesPerEpoch ?? FIRST);
  let mean = 0;
  for (let i = 0; i < count; i++) {
    const { inputs } = await training.batchAt(i);
    mean += sizeOf(Object.values(inputs)) / count;
  }
  const share = largest > 0 && mean > 0 ? mean / largest : 1;
  return (config.microSteps * operations * share * 1000) / (EFFICIENCY * speed);
}

const sizeOf = (tensors: readonly { readonly shape: Shape }[]): number =>
  tensors.reduce((sum, { shape }) => sum + elementCount(shape), 0);
