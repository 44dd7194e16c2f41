/** @file Running all stages of a model in a row, as one program for each shape of batch. The programs read the weights in place. */

import { weightsOf } from "../generate/programs/program.ts";
import { weightPrograms } from "../generate/programs/weight-programs.ts";
import { mapTensors } from "../graph/tensors.ts";
import { input, type Value } from "../graph/value.ts";
import type { Model } from "../models/model.ts";
import { forwardAll } from "../models/stage.ts";
import { compile, type Program } from "../onnx/model.ts";
import { reshape } from "../ops/movement.ts";
import { releaseAll } from "../runtime/buffers.ts";
import { type Buffer, readTensor, type Runtime } from "../runtime/runtime.ts";
import { asFloat32, type HostTensor } from "../tensor/host-tensor.ts";

/** Examples that are read together, unless said otherwise. */
export const BATCH_SIZE = 32;

export interface RunnerParts {
  readonly model: Model;
  /** By the names of the model. */
  readonly weights: ReadonlyMap<string, Buffer>;
  readonly runtime: Runtime;
  /** What is made of the last hidden states [B, C], [B, N]. */
  readonly finish: (hidden: Value, weight: (name: string) => Value) => Value;
}

export type Inputs = Readonly<Record<string, HostTensor>>;

export interface Runner {
  /** What `finish` makes of the inputs of a batch, N numbers for each of B examples. */
  readonly run: (inputs: Inputs) => Promise<readonly Float32Array[]>;
}

/** A runner; its programs are released even if `use` fails. */
export async function withRunner<T>(
  parts: RunnerParts,
  use: (runner: Runner) => Promise<T>,
): Promise<T> {
  const { runtime, weights } = parts;
  const programs = weightPrograms(runtime, weights);
  const runner: Runner = {
    async run(inputs) {
      const key = Object.values(inputs).map(({ shape }) => shape.join("x"));
      const build = () => programFor(parts, inputs);
      const executable = await programs.get(key.join(), build, { arena: false });
      const { y } = programs.allocate(executable.program);
      if (!y) throw new Error("internal: a program without y");
      const fed = programs.adopt(Object.entries(inputs));
      await programs.run(executable, fed, { fetches: { y } });
      const numbers = asFloat32(await readTensor(y));
      releaseAll([...fed.values(), y]);
      const [batch = 1, width = 1] = y.shape;
      return Array.from({ length: batch }, (_, row) =>
        numbers.slice(row * width, (row + 1) * width),
      );
    },
  };
  try {
    return await use(runner);
  } finally {
    await programs.release();
  }
}

/** All stages, and the finish: `y` [B, N]. */
function programFor({ model, weights, finish }: RunnerParts, tensors: Inputs): Program {
  const weight = weightsOf(model, weights);
  const inputs = mapTensors(tensors, ({ dtype, shape }, name) => input(name, dtype, shape));
  const hidden = forwardAll(model.stages, inputs, weight); // [B, 1, C]
  const [batch = 1] = hidden.shape;
  return compile({ y: finish(reshape(hidden, [batch, model.width]), weight) });
}
