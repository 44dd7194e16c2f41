/** @file Running all stages of a model in a row, as one program for each shape of batch. The programs read the weights in place. */

import { mapTensors } from "../graph/tensors.ts";
import { input, type Value } from "../graph/value.ts";
import type { Model } from "../models/model.ts";
import { compile, type Program } from "../onnx/model.ts";
import { reshape } from "../ops/movement.ts";
import { type Buffer, type Executable, readTensor, type Runtime } from "../runtime/runtime.ts";
import { asFloat32, type HostTensor } from "../tensor/host-tensor.ts";
import { staticShape } from "../tensor/shape.ts";

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
  run(inputs: Inputs): Promise<readonly Float32Array[]>;
  release(): Promise<void>;
}

export function createRunner(parts: RunnerParts): Runner {
  const { runtime, weights } = parts;
  const executables = new Map<string, Executable>();

  async function executableFor(inputs: Inputs): Promise<Executable> {
    const key = Object.values(inputs).map(({ shape }) => shape.join("x"));
    const known = executables.get(key.join());
    if (known) return known;
    const executable = await runtime.load(programFor(parts, inputs), { arena: false });
    executables.set(key.join(), executable);
    return executable;
  }

  return {
    async run(inputs) {
      const executable = await executableFor(inputs);
      const { program } = executable;
      const feeds = Object.keys(program.inputs).map((name) => {
        const tensor = inputs[name];
        const buffer = tensor ? runtime.adopt(tensor) : weights.get(name);
        if (!buffer) throw new Error(`internal: no weight ${name}`);
        return [name, buffer] as const;
      });
      const y = runtime.allocate("float32", staticShape("y", program.outputs["y"]?.shape ?? []));
      await executable.run(Object.fromEntries(feeds), { y });
      const numbers = asFloat32(await readTensor(y));
      const [batch = 1, width = 1] = y.shape;
      return Array.from({ length: batch }, (_, row) =>
        numbers.slice(row * width, (row + 1) * width),
      );
    },
    async release() {
      for (const executable of executables.values()) await executable.release();
    },
  };
}

/** All stages, and the finish: `y` [B, N]. */
function programFor({ model, finish }: RunnerParts, tensors: Inputs): Program {
  const weight = (name: string): Value =>
    input(name, "float32", model.params.get(name)?.shape ?? []);
  const inputs = mapTensors(tensors, ({ dtype, shape }, name) => input(name, dtype, shape));
  const hidden = model.stages.reduce<Value | undefined>((x, stage) => {
    const start = stage.source === undefined ? x : inputs[stage.source];
    return start && stage.forward(start, mapTensors(stage.params, weight), { inputs });
  }, undefined); // [B, 1, C]
  if (!hidden) throw new Error("internal: a model without stages");
  const [batch = 1] = hidden.shape;
  return compile({ y: finish(reshape(hidden, [batch, model.width]), weight) });
}
