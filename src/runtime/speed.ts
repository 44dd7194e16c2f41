/** @file How fast a runtime is: the rate of a product of matrices. */

import { input } from "../graph/value.ts";
import { compile } from "../onnx/model.ts";
import { matmul } from "../ops/matmul.ts";
import { float32 } from "../tensor/host-tensor.ts";
import { releaseAll } from "./buffers.ts";
import type { Runtime } from "./runtime.ts";

const RUNS = 5;

/** Operations of a second in the product of two matrices [size, size], at the best of a few times. */
export async function measuredSpeed(runtime: Runtime, size = 384): Promise<number> {
  const shape = [size, size];
  const y = matmul(input("a", "float32", shape), input("b", "float32", shape));
  const program = await runtime.load(compile({ y }));
  const ones = () => runtime.adopt(float32(shape, new Float32Array(size ** 2).fill(1)));
  const [a, b] = [ones(), ones()];
  const fetched = runtime.allocate("float32", shape);
  let best = Infinity;
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now();
    await program.run({ a, b }, { y: fetched });
    best = Math.min(best, performance.now() - start);
  }
  await program.release();
  releaseAll([a, b, fetched]);
  return (2 * size ** 3) / (best / 1000);
}
