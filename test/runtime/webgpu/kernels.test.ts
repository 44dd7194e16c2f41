/** What stands in for operators on a GPU, on the CPU: against JavaScript's own functions in float64. */

import { describe, expect, it } from "vitest";
import { input, producer, type Value } from "../../../src/graph/value.ts";
import { compile } from "../../../src/onnx/model.ts";
import { cos, round, sin } from "../../../src/ops/elementwise.ts";
import { largest } from "../../../src/ops/indexing.ts";
import { withKernels } from "../../../src/runtime/webgpu/kernels.ts";
import { float32 } from "../../../src/tensor/host-tensor.ts";
import { loadProgram } from "../../support/graph.ts";

/** y of x by a program in which the operator does not stand any more. */
async function computed(op: (x: Value) => Value, x: Float32Array): Promise<readonly number[]> {
  const program = compile({ y: op(input("x", "float32", [x.length])) });
  const bytes = program.rewritten(withKernels);
  expect(Buffer.from(bytes).toString("latin1")).not.toMatch(/Sin|Cos|Round/);
  const loaded = await loadProgram({ ...program, bytes });
  const { y } = await loaded.run({ x: float32([x.length], x) });
  await loaded.release();
  return Array.from(y?.data ?? [], Number);
}

const furthest = (values: readonly number[], expected: readonly number[]): number =>
  Math.max(...values.map((value, i) => Math.abs(value - (expected[i] ?? Number.NaN))));

/** Positions of up to 8192 tokens, turned by frequencies of Llama. */
const ANGLES = Float32Array.from(
  { length: 20_000 },
  (_, i) => (i % 2 === 0 ? 1 : -1) * Math.floor(i * 0.4096) * 10_000 ** (-(i % 32) / 32),
);

describe("on a GPU", () => {
  it.each([
    ["sin", sin, Math.sin],
    ["cos", cos, Math.cos],
  ] as const)("%s has the last bits of float32, thousands of turns away", async (_, op, exact) => {
    const expected = Array.from(ANGLES, exact);
    expect(furthest(await computed(op, ANGLES), expected)).toBeLessThan(2e-7);
  });

  it.each([
    ["sin", sin, [0, 1, 0, -1, 0]],
    ["cos", cos, [1, 0, -1, 0, 1]],
  ] as const)("%s turns by quarters", async (_, op, expected) => {
    const quarters = Float32Array.from({ length: 5 }, (_value, i) => (i * Math.PI) / 2);
    expect(furthest(await computed(op, quarters), expected)).toBeLessThan(1e-6);
  });

  it("the nearest whole number is the even one of two", async () => {
    const x = Float32Array.of(0.5, 1.5, 2.5, -0.5, -1.5, 0.49999997, 127.5, 1023.4999, -2047.5);
    const expected = [0, 2, 2, 0, -2, 0, 128, 1023, -2048];
    expect(furthest(await computed(round, x), expected)).toBe(0);
  });

  it.each([1, 3, 5])("the %d largest are those of TopK, of equal ones the first", async (count) => {
    const at = largest(input("x", "float32", [3, 5]), count);
    const topK = producer(producer(at)?.inputs[0] ?? at);
    if (topK?.type !== "TopK") throw new Error("where the largest are is not from TopK");
    const program = compile({ at, values: topK.outputs[0] ?? at });
    const bytes = program.rewritten(withKernels);
    expect(Buffer.from(bytes).toString("latin1")).not.toContain("TopK");
    const ruledOut = [-Infinity, 1, -Infinity, 2, -Infinity];
    const rows = Float32Array.of(3, -1, 7, 7, 0, 2, 2, 2, 9, -4, ...ruledOut);
    const found: unknown[] = [];
    for (const own of [program, { ...program, bytes }]) {
      const loaded = await loadProgram(own);
      const made = await loaded.run({ x: float32([3, 5], rows) });
      found.push(
        [made["at"], made["values"]].map((tensor) => Array.from(tensor?.data ?? [], Number)),
      );
      await loaded.release();
    }
    expect(found[1]).toEqual(found[0]);
  });
});
