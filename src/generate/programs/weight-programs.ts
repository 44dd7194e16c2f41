/** @file Programs that read the weights of a model, run on tensors of the host. */

import { GraphError } from "../../errors.ts";
import type { Program } from "../../onnx/model.ts";
import { createProgramCache, type ProgramCache } from "../../runtime/programs.ts";
import type { Buffer, Buffers, Executable, Runtime } from "../../runtime/runtime.ts";
import type { HostTensor } from "../../tensor/host-tensor.ts";
import { staticShape } from "../../tensor/shape.ts";

export interface WeightPrograms extends Pick<ProgramCache, "get" | "release"> {
  /** Buffers of tensors of the host. */
  adopt(tensors: Iterable<readonly [name: string, tensor: HostTensor]>): Map<string, Buffer>;
  /** Runs a program on inputs by their names; those that are not among them are weights. */
  run(
    executable: Executable,
    inputs: ReadonlyMap<string, Buffer>,
    options: RunOptions,
  ): Promise<void>;
  /** Buffers for all outputs of a program. */
  allocate(program: Program): Buffers;
}

interface RunOptions {
  readonly fetches: Buffers;
  /** What inputs are called elsewhere that have a name of their own in the program. */
  readonly names?: ReadonlyMap<string, string>;
}

/** @param weights - by name; looked up at every run, so that they may change in between */
export function weightPrograms(
  runtime: Runtime,
  weights: ReadonlyMap<string, Buffer>,
): WeightPrograms {
  const programs = createProgramCache(runtime);
  return {
    ...programs,

    adopt: (tensors) =>
      new Map([...tensors].map(([name, tensor]) => [name, runtime.adopt(tensor)] as const)),

    async run(executable, inputs, { fetches, names }) {
      const feeds = Object.keys(executable.program.inputs).map((own) => {
        const name = names?.get(own) ?? own;
        const buffer = inputs.get(name) ?? weights.get(name);
        if (!buffer) throw new GraphError(`program: no weight "${name}"`);
        return [own, buffer] as const;
      });
      await programs.run(executable, Object.fromEntries(feeds), fetches);
    },

    allocate: ({ outputs }) =>
      Object.fromEntries(
        Object.entries(outputs).map(([name, { dtype, shape }]) => [
          name,
          runtime.allocate(dtype, staticShape("program", shape)),
        ]),
      ),
  };
}
