/**
 * @file LoRA, LoRA-FA and ReLoRA as the trainer trains them, from the A_0 of the theory.
 *
 *   W = W_0 + s B A            A_0 ~ N(0, 1/r), B_0 = 0
 *   every k steps: W_0 ← W_0 + s B A, a new A, B ← 0        ReLoRA (arXiv:2307.05695)
 */

import type { Run } from "../../train/setup/run.ts";
import { mergeInto } from "../../adapters/merge.ts";
import { bufferOf, floats, setElements } from "../../runtime/buffers.ts";
import { Matrix } from "ml-matrix";
import { adapterNames } from "../../adapters/index.ts";
import type { SettledConfig } from "../../train/choices/settle.ts";
import { isCompression } from "../../compress/compressor.ts";
import { flora } from "../../compress/flora-compressor.ts";
import { sgd } from "../../optim/sgd.ts";
import { readTensor } from "../../runtime/runtime.ts";
import { matrixOf } from "../theory/matrix.ts";
import { type Adapters, updateOf } from "../theory/recursion.ts";
import { type Contender, createTrainee, type TraineeOptions } from "./trainee.ts";

export interface AdapterTrainee extends Contender {
  /** The adapters of a target. */
  adapters(name: string): Promise<Adapters>;
}

export interface AdapterOptions extends TraineeOptions {
  readonly method: "lora" | "lora-fa";
  /** The step of the data with which step 0 begins. */
  readonly firstStep: number;
  /** η */
  readonly rate: number;
  /** s */
  readonly scale: number;
  /** Steps between merges; none if absent. */
  readonly mergeEvery?: number;
}

/** Adapters on all targets. */
export async function createAdapterTrainee(
  config: SettledConfig,
  options: AdapterOptions,
): Promise<AdapterTrainee> {
  const { method, firstStep, rate, scale, mergeEvery, targets } = options;
  const alpha = scale * config.rank;
  const trainee = await createTrainee({ ...config, method, alpha, modulesToSave: [] }, options);
  const { run } = trainee;
  const { programs, state } = run.engine.parts;
  const { weights } = state;

  /** New adapters, whose A is that of a cycle. */
  async function restart(cycle: number): Promise<void> {
    for (const name of targets) {
      const { a, b } = adapterNames({ weight: name });
      setElements(bufferOf(weights, a), await projectionElements(run, name, cycle));
      const { shape } = bufferOf(weights, b);
      setElements(bufferOf(weights, b), new Float32Array(shape.reduce((n, dim) => n * dim, 1)));
    }
  }

  async function merge(cycle: number): Promise<void> {
    for (const adapter of run.adapters) {
      await mergeInto(
        { base: run.base, programs, state },
        adapter,
        1,
        bufferOf(weights, adapter.weight),
      );
    }
    await restart(cycle);
  }

  const read = async (name: string): Promise<Matrix> =>
    matrixOf(await readTensor(bufferOf(weights, name)), false);
  const adapters = async (name: string): Promise<Adapters> => {
    const names = adapterNames({ weight: name });
    return { a: await read(names.a), b: await read(names.b) };
  };

  await restart(0);
  return {
    run,
    adapters,
    effective: async (name) =>
      Matrix.add(await trainee.weight(name), updateOf(await adapters(name), { rate, scale })),
    evaluate: () => trainee.evaluate(),

    async step(step) {
      if (mergeEvery !== undefined && step > 0 && step % mergeEvery === 0) {
        await merge(step / mergeEvery);
      }
      const { loss } = await trainee.backward({ step: firstStep + step, cycle: 0, rate });
      await trainee.update();
      return loss;
    },
  };
}

/** The A of a target: the very matrix by which FLORA projects its gradient in a cycle, [r, in]. */
export async function initialA(run: Run, name: string, cycle: number): Promise<Matrix> {
  const elements = await projectionElements(run, name, cycle);
  const { rank } = run.config;
  return Matrix.from1DArray(rank, elements.length / rank, Array.from(elements));
}

async function projectionElements(
  { base, config, context, engine }: Run,
  name: string,
  cycle: number,
): Promise<Float32Array> {
  const spec = base.params.get(name);
  if (!spec) throw new Error(`internal: no parameter ${name}`);
  const compressor = flora({ rank: config.rank, side: "input", projection: config.projection });
  const found = compressor.compress({ ...spec, name, inChunks: false }, sgd());
  if (!isCompression(found) || found.subspace.kind !== "drawn") {
    throw new Error(`internal: ${name} is not compressed`);
  }
  const { rank, dimension } = found.projection;
  const buffer = context.runtime.allocate("float32", [rank, dimension]);
  engine.parts.draws.subspace(name, cycle, found.subspace, buffer);
  return floats(await buffer.read());
}
