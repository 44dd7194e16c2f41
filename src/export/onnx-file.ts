/** @file A graph and its weights as one ONNX file, one weight at a time. */

import { UsageError } from "../errors.ts";
import type { WritableFile } from "../host/host.ts";
import type { Tensors } from "../graph/tensors.ts";
import { compile, initializerStart, type Program } from "../onnx/index.ts";
import { type HostTensor, tensorBytes } from "../tensor/host-tensor.ts";

/** Protocol Buffers' limit for a message. */
const MOST_BYTES = 2 ** 31 - 1;

/** An ONNX file before its weights are in it. */
export interface OnnxFile {
  readonly program: Program;
  /** The names of the weights that the graph reads. */
  readonly weights: ReadonlySet<string>;
}

/**
 * The file of a graph whose inputs of the given names are weights.
 *
 * @throws {UsageError} if it would be larger than an ONNX file can be.
 */
export function onnxFile(outputs: Tensors, names: Iterable<string>): OnnxFile {
  const stored = new Set(names);
  const program = compile(outputs, { stored });
  const weights = Object.entries(program.inputs).filter(([name]) => stored.has(name));
  const bytes = weights.reduce(
    (sum, [, { dtype, shape }]) => sum + tensorBytes(dtype, shape.map(Number)),
    program.bytes.length,
  );
  if (bytes > MOST_BYTES) {
    throw new UsageError(`export: an ONNX file holds at most 2 GiB; got ${bytes} bytes`);
  }
  return { program, weights: new Set(weights.map(([name]) => name)) };
}

/** Writes the graph, and then each weight that it reads. */
export async function writeOnnx(
  file: WritableFile,
  { program, weights }: OnnxFile,
  tensors: AsyncIterable<readonly [name: string, tensor: HostTensor]>,
): Promise<void> {
  await file.write(program.bytes);
  for await (const [name, { dtype, shape, data }] of tensors) {
    if (!weights.has(name)) continue;
    await file.write(initializerStart(name, dtype, shape));
    await file.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
}
