/** @file A run of several ranks: each takes micro-batches of a step in turn, and all have the same sums, weights and state. */

import { alone, checkSame, type Collective, type UnderWay } from "../../collective/index.ts";
import type { Engine, Reduce, StepSums } from "../../engine/engine.ts";
import type { Sums } from "../../engine/objectives/objective.ts";
import { reset, type TrainState } from "../../engine/parts/state.ts";
import { type Plan, trainingOf } from "../../engine/parts/param-plan.ts";
import { option, UsageError } from "../../errors.ts";
import type { FileStore } from "../../host/host.ts";
import type { StreamedData, TrainData } from "../../tasks/task-data.ts";
import type { TrainConfig } from "../../options/config.ts";
import { foldIn, randomKey } from "../../random/index.ts";
import { floats } from "../../runtime/buffers.ts";
import type { TypedArray } from "../../tensor/dtype.ts";
import type { Buffer } from "../../runtime/runtime.ts";
import { codingsOf } from "./exchange-coding.ts";

/** The ranks of a run. */
export const ranksOf = ({
  collective,
}: {
  readonly collective?: Collective | undefined;
}): Collective => collective ?? alone;

/** @throws {UsageError} if a step cannot be divided among the ranks. */
export function checkRanks(
  { accumulatorDtype, microSteps }: Pick<TrainConfig, "accumulatorDtype" | "microSteps">,
  { size }: Collective,
): void {
  if (size === 1) return;
  if (microSteps % size !== 0) {
    const fewer = Math.max(size, microSteps - (microSteps % size));
    throw new UsageError(
      `ranks: a step has ${microSteps} micro-batches, which ${size} ranks cannot have equally many of`,
      {
        hint: `go on with as many ranks as divide ${microSteps}, or begin with ${option("microSteps")} for ${fewer} of them`,
      },
    );
  }
  if (accumulatorDtype !== "float32") {
    throw new UsageError(
      `${option("accumulatorDtype")}: sums of several ranks are added up in float32; got ${accumulatorDtype}`,
    );
  }
}

/** What adds up a step over all ranks; undefined for one. */
export function reduceOver(
  collective: Collective,
  { exchangeDtype, seed, syncEvery }: Pick<TrainConfig, "exchangeDtype" | "seed" | "syncEvery">,
): Reduce | undefined {
  if (collective.size === 1) return undefined;
  const key = foldIn(randomKey(seed), "exchange");
  const losses = (own: StepSums): StepSums => {
    const { told } = own;
    const [lossSum = 0, lossTokens = 0, ...sums] = sumOf(
      collective.gather([own.lossSum, own.lossTokens, ...Object.values(told ?? {})]),
    );
    return { lossSum, lossTokens, ...(told && { told: renamed(told, sums) }) };
  };
  if (syncEvery > 1) {
    return {
      take: async () => undefined,
      end: async (own) => ({ ...losses(own), gradientTokens: Math.max(1, own.lossTokens) }),
    };
  }
  /** What has been taken and is not on its way. */
  let waiting: Summed[] = [];
  let sent: Sent[] = [];
  let lastMicroStep = 0;

  function send(): void {
    // No two ranks do the same micro-step.
    const own = foldIn(foldIn(key, lastMicroStep), sent.length);
    const arrays = waiting.map(({ array }) => array);
    sent.push({ summed: waiting, sum: collective.sum(arrays, codingsOf(exchangeDtype, own)) });
    waiting = [];
  }

  return {
    async take(accumulators, microStep) {
      lastMicroStep = microStep;
      for (const buffer of accumulators.flatMap((tensors) => Object.values(tensors))) {
        waiting.push({ buffer, array: floats(await buffer.read()) });
      }
      const count = waiting.reduce((sum, { array }) => sum + array.length, 0);
      if (count >= FEWEST) send();
      sent.at(-1)?.sum.progress();
    },

    async end(own) {
      send();
      for (const { summed, sum } of sent) {
        sum.wait();
        for (const { buffer, array } of summed) {
          buffer.write((elements) => writeSums(elements, array));
        }
      }
      sent = [];
      return losses(own);
    },
  };
}

/** What is on its way. */
interface Sent {
  readonly summed: readonly Summed[];
  readonly sum: UnderWay;
}

/** Numbers of an accumulator, which become sums. */
interface Summed {
  readonly buffer: Buffer;
  readonly array: Float32Array;
}

/** Numbers that are worth messages of their own: 1 MB. */
const FEWEST = 2 ** 18;

/** On the CPU the array that was read is that of the buffer. */
function writeSums(elements: unknown, sums: Float32Array): void {
  const target = floats(elements);
  if (target !== sums) target.set(sums);
}

/** Other sums under the same names. */
export const renamed = (names: Sums, sums: readonly number[]): Sums =>
  Object.fromEntries(Object.keys(names).map((name, i) => [name, sums[i] ?? 0]));

/** The sums of as many numbers of each rank, in the order of the ranks. */
export const sumOf = (all: readonly (readonly number[])[]): readonly number[] =>
  all.reduce((sums, own) => own.map((value, i) => (sums[i] ?? 0) + value), []);

/** Leaves a momentum that accumulators carry to the first rank, so that their sum has it once. */
export function leaveMomentum(
  { rank }: Collective,
  { state, plan }: { readonly state: TrainState; readonly plan: Plan },
): void {
  if (rank === 0) return;
  for (const name of state.carried) {
    const tensors = state.accumulators.get(name);
    if (tensors) reset(tensors, trainingOf(plan, name).accumulator.state);
  }
}

/** Batches whose content is compared, evenly over an epoch. */
const COMPARED = 8;

/** What a rank begins with. */
interface Given {
  readonly config: TrainConfig;
  readonly data: StreamedData | TrainData;
  readonly engine: Engine;
  readonly files: Pick<FileStore, "crc32">;
}

/** Compares the options of ranks, before they read anything together. @throws {UsageError} with the rank that has others than the first. */
export function compareRankOptions(
  ranks: Collective,
  config: TrainConfig,
  { crc32 }: Given["files"],
): void {
  const { threads: _, ...options } = config;
  checkSame(ranks, crc32, { options: JSON.stringify(options) });
}

/**
 * Compares what ranks were given before they begin, and the options as they were settled.
 *
 * @throws {UsageError} with the rank that has something else than the first.
 */
export async function compareRanks(
  ranks: Collective,
  { config, data, engine, files: { crc32 } }: Given,
): Promise<void> {
  if (ranks.size === 1) return;
  compareRankOptions(ranks, config, { crc32 });
  const { training, description } = data;
  const { batchesPerEpoch = 1 } = training;
  const examples: number[] = [];
  for (let i = 0; i < COMPARED; i++) {
    const { inputs } = await training.batchAt(Math.floor((i * batchesPerEpoch) / COMPARED));
    examples.push(...Object.values(inputs).map(({ data: own }) => crc32(bytesOf(own))));
  }
  const sums: number[] = [];
  for (const weight of engine.state.weights.values()) {
    sums.push(crc32(bytesOf(await weight.read())));
  }
  checkSame(ranks, crc32, {
    data: [description, batchesPerEpoch, ...examples].join(),
    weights: sums.join(),
  });
}

const bytesOf = ({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
