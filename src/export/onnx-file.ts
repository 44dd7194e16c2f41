/** @file A graph and its weights as one ONNX file, one weight at a time. */

import { option, UsageError } from "../errors.ts";
import type { WritableFile } from "../host/host.ts";
import type { CompressedGraph, StoredTensor } from "./graphs/compressed-weights.ts";
import { compile, initializerStart, type Program } from "../onnx/index.ts";
import { type HostTensor, tensorBytes } from "../tensor/host-tensor.ts";

/** Protocol Buffers' limit for a message. */
const MOST_BYTES = 2 ** 31 - 1;

/** An ONNX file before its weights are in it. */
export interface OnnxFile {
  readonly program: Program;
  /** What is stored of each weight that the graph reads, by its name. */
  readonly weights: ReadonlyMap<string, readonly StoredTensor[]>;
}

/**
 * The file of a graph whose inputs of some names are stored.
 *
 * @throws {UsageError} if it would be larger than an ONNX file can be.
 */
export function onnxFile({ outputs, stored }: CompressedGraph): OnnxFile {
  const names = new Set([...stored.values()].flatMap((tensors) => tensors.map(({ name }) => name)));
  const program = compile(outputs, { stored: names });
  const { inputs } = program;
  const weights = new Map(
    Array.from(
      stored,
      ([weight, tensors]) => [weight, tensors.filter(({ name }) => inputs[name])] as const,
    ),
  );
  const bytes = [...weights.values()]
    .flat()
    .reduce((sum, { dtype, shape }) => sum + tensorBytes(dtype, shape), program.bytes.length);
  if (bytes > MOST_BYTES) {
    throw new UsageError(`export: an ONNX file holds at most 2 GiB; got ${bytes} bytes`, {
      hint: `${option("dtype")} fp16, q8 or q4 takes less`,
    });
  }
  return { program, weights };
}

/** Writes the graph, and then what it reads of each weight. */
export async function writeOnnx(
  file: WritableFile,
  { program, weights }: OnnxFile,
  tensors: AsyncIterable<readonly [name: string, tensor: HostTensor]>,
): Promise<void> {
  await file.write(program.bytes);
  for await (const [weight, tensor] of tensors) {
    for (const { name, dtype, shape, make } of weights.get(weight) ?? []) {
      const { data } = make(tensor);
      await file.write(initializerStart(name, dtype, shape));
      await file.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  }
}
