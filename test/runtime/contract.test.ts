/**
 * What the engine relies on and onnxruntime-node does not promise. Each is used by src/runtime/node.ts and session.ts: where a new version
 * fails here, training would be wrong, or take twice the memory. What becomes of its answers is in unanswered.test.ts.
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type * as Onnxruntime from "onnxruntime-node";
import { expect, it } from "vitest";
import { input } from "../../src/graph/value.ts";
import { compile } from "../../src/onnx/model.ts";
import { add, cast, scale } from "../../src/ops/elementwise.ts";
import { matmul } from "../../src/ops/matmul.ts";
import type { Tensors } from "../../src/graph/tensors.ts";

const require = createRequire(import.meta.url);
const ort: typeof Onnxruntime = require("onnxruntime-node");

const sessionOf = (outputs: Tensors) =>
  ort.InferenceSession.create(compile(outputs).bytes, {
    executionProviders: ["cpu"],
    enableMemPattern: false,
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  });

const vector = (data: Float32Array) => new ort.Tensor("float32", data, [data.length]);
const x = input("x", "float32", [4]);
const doubled = await sessionOf({ y: add(x, x) });

it("the version is pinned, and is the one that is installed", () => {
  const { dependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  expect(dependencies["onnxruntime-node"]).toMatch(/^\d+\.\d+\.\d+$/);
  expect(ort.env.versions.node).toBe(dependencies["onnxruntime-node"]);
});

it("a tensor stands over the array that it was given, and is read where that lies", async () => {
  const data = Float32Array.of(1, 2, 3, 4);
  const [fed, y] = [vector(data), vector(new Float32Array(4))];
  expect(fed.data).toBe(data);
  await doubled.run({ x: fed }, { y });
  data.set([10, 20, 30, 40]);
  await doubled.run({ x: fed }, { y });
  expect(y.data).toEqual(Float32Array.of(20, 40, 60, 80));
});

it("an output is written where it was asked to be, and nowhere beside", async () => {
  const memory = new Float32Array(8).fill(-1);
  const y = vector(memory.subarray(2, 6));
  await doubled.run({ x: vector(Float32Array.of(1, 2, 3, 4)) }, { y });
  expect(memory).toEqual(Float32Array.of(-1, -1, 2, 4, 6, 8, -1, -1));
});

it("a part of an array is fed from where it begins", async () => {
  const memory = Float32Array.of(9, 9, 1, 2, 3, 4, 9, 9);
  const y = vector(new Float32Array(4));
  await doubled.run({ x: vector(memory.subarray(2, 6)) }, { y });
  expect(y.data).toEqual(Float32Array.of(2, 4, 6, 8));
});

it("an output may lie over the input that it takes the place of", async () => {
  const w = vector(Float32Array.of(1, 2, 3, 4));
  for (let i = 0; i < 3; i += 1) await doubled.run({ x: w }, { y: w });
  expect(w.data).toEqual(Float32Array.of(8, 16, 24, 32));
});

it("an output that nobody asks for is neither made nor answered", async () => {
  const session = await sessionOf({ y: add(x, x), z: scale(x, 3) });
  const y = vector(new Float32Array(4));
  const answered = await session.run({ x: vector(Float32Array.of(1, 2, 3, 4)) }, { y });
  expect(Object.keys(answered)).toEqual(["y"]);
  await session.release();
});

it("an output of another shape is refused, not reallocated", async () => {
  const short = vector(new Float32Array(3));
  await expect(
    doubled.run({ x: vector(Float32Array.of(1, 2, 3, 4)) }, { y: short }),
  ).rejects.toThrow("Got invalid dimensions for output: y");
});

it("a program runs on the thread that called it, which does nothing else until it is done", async () => {
  const size = 256;
  const [a, b] = [input("a", "float32", [size, size]), input("b", "float32", [size, size])];
  // Milliseconds, in which thousands of turns would have their place.
  let product = matmul(a, b);
  for (let i = 1; i < 12; i += 1) product = matmul(product, b);
  const session = await sessionOf({ product });
  const square = () => new ort.Tensor("float32", new Float32Array(size * size), [size, size]);
  const fetched = square();
  const turns = { count: 0, isOver: false };
  const turn = () => {
    turns.count += 1;
    if (!turns.isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await session.run({ a: square(), b: square() }, { product: fetched });
  turns.isOver = true;
  expect(turns.count).toBeLessThanOrEqual(2);
  await session.release();
});

it("each element type is an array of its bits", async () => {
  const half = input("h", "float16", [2]);
  const long = input("l", "int64", [2]);
  const session = await sessionOf({ y: cast(half, "float32"), z: cast(long, "float32") });
  const [y, z] = [vector(new Float32Array(2)), vector(new Float32Array(2))];
  await session.run(
    {
      h: new ort.Tensor("float16", Uint16Array.of(0x3c00, 0xc000), [2]),
      l: new ort.Tensor("int64", BigInt64Array.of(5n, -6n), [2]),
    },
    { y, z },
  );
  expect([y.data, z.data]).toEqual([Float32Array.of(1, -2), Float32Array.of(5, -6)]);
  await session.release();
});
