/** Running a graph once. */

import type { Tensors } from "../../src/graph/tensors.ts";
import { input, type Value } from "../../src/graph/value.ts";
import { compile, type Program } from "../../src/onnx/model.ts";
import { readTensor, type Runtime } from "../../src/runtime/runtime.ts";
import type { HostTensor } from "../../src/tensor/host-tensor.ts";
import { openTestRuntime } from "./device.ts";
import { type Dim, staticShape } from "../../src/tensor/shape.ts";

export type HostTensors = Readonly<Record<string, HostTensor>>;

/** The CPU, but for the tests that run elsewhere too (vitest.config.ts, vitest.browser.config.ts). */
export const testRuntime: Runtime = await openTestRuntime();

/** An input of the type of a tensor. */
export const inputFor = (name: string, { dtype, shape }: HostTensor): Value =>
  input(name, dtype, shape);

export interface LoadedProgram {
  readonly program: Program;
  /** `sizes` of the dimensions that are only names. */
  run(feeds: HostTensors, sizes?: Readonly<Record<string, number>>): Promise<HostTensors>;
  release(): Promise<void>;
}

/** A program with buffers of its own for its outputs. */
export async function loadProgram(
  program: Program,
  runtime: Runtime = testRuntime,
): Promise<LoadedProgram> {
  const executable = await runtime.load(program);
  return {
    program,
    async run(feeds, sizes = {}) {
      const fed = Object.keys(program.inputs).flatMap((name) => {
        const tensor = feeds[name];
        return tensor ? [[name, runtime.adopt(tensor)] as const] : [];
      });
      const sized = (dim: Dim) => (typeof dim === "string" ? (sizes[dim] ?? dim) : dim);
      const fetched = Object.entries(program.outputs).map(
        ([name, { dtype, shape }]) =>
          [name, runtime.allocate(dtype, staticShape(name, shape.map(sized)))] as const,
      );
      await executable.run(Object.fromEntries(fed), Object.fromEntries(fetched));
      const results = fetched.map(
        async ([name, buffer]) => [name, await readTensor(buffer)] as const,
      );
      return Object.fromEntries(await Promise.all(results));
    },
    release: () => executable.release(),
  };
}

/** The values of `outputs`. Feeds that the graph does not read are ignored. */
export async function runGraph(
  outputs: Tensors,
  feeds: HostTensors = {},
  runtime: Runtime = testRuntime,
): Promise<HostTensors> {
  const loaded = await loadProgram(compile(outputs), runtime);
  try {
    return await loaded.run(feeds);
  } finally {
    await loaded.release();
  }
}

/** @throws if there is no tensor of that name. */
export function tensorNamed(tensors: HostTensors, name: string): HostTensor {
  const tensor = tensors[name];
  if (tensor) return tensor;
  throw new Error(`no tensor "${name}"`);
}
