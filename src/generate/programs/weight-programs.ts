/** @file Programs that read the weights of a model, each compiled when it is first wanted. */

import { GraphError } from "../../errors.ts";
import type { Program } from "../../onnx/model.ts";
import type { Buffer, Buffers, Executable, LoadOptions, Runtime } from "../../runtime/runtime.ts";
import type { HostTensor } from "../../tensor/host-tensor.ts";
import { staticShape } from "../../tensor/shape.ts";

export interface ProgramCache {
  /** The program of that key; `build` makes it the first time. */
  load(key: string, build: () => Program, options?: LoadOptions): Promise<Executable>;
  /** Runs a program on inputs by their names; those that are not among them are weights. */
  run(
    executable: Executable,
    inputs: ReadonlyMap<string, HostTensor>,
    fetches: Buffers,
  ): Promise<void>;
  /** Buffers for all outputs of a program. */
  allocate(program: Program): Buffers;
  release(): Promise<void>;
}

/** @param weights - by name; looked up at every run, so that they may change in between */
export function createProgramCache(
  runtime: Runtime,
  weights: ReadonlyMap<string, Buffer>,
): ProgramCache {
  const executables = new Map<string, Promise<Executable>>();
  return {
    load(key, build, options) {
      const loaded = executables.get(key) ?? runtime.load(build(), options);
      executables.set(key, loaded);
      return loaded;
    },

    async run(executable, inputs, fetches) {
      const feeds = Object.keys(executable.program.inputs).map((name) => {
        const tensor = inputs.get(name);
        const buffer = tensor ? runtime.adopt(tensor) : weights.get(name);
        if (!buffer) throw new GraphError(`program: no weight "${name}"`);
        return [name, buffer] as const;
      });
      await executable.run(Object.fromEntries(feeds), fetches);
    },

    allocate: ({ outputs }) =>
      Object.fromEntries(
        Object.entries(outputs).map(([name, { dtype, shape }]) => [
          name,
          runtime.allocate(dtype, staticShape("program", shape)),
        ]),
      ),

    async release() {
      const loaded = await Promise.all(executables.values());
      executables.clear();
      await Promise.all(loaded.map((each) => each.release()));
    },
  };
}
