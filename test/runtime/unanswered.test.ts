/** What onnxruntime-node does with an answer that it cannot give: all buffers are written by then, and no copy is made. */

import { createRequire } from "node:module";
import type * as Onnxruntime from "onnxruntime-node";
import { expect, it } from "vitest";
import { input } from "../../src/graph/value.ts";
import { compile } from "../../src/onnx/model.ts";
import { add, exp } from "../../src/ops/elementwise.ts";
import { gather } from "../../src/ops/indexing.ts";
import { setElements } from "../../src/runtime/buffers.ts";
import { cpuRuntime } from "../../src/runtime/node.ts";
import { UNANSWERED, unanswered, unansweredModel } from "../../src/runtime/unanswered.ts";
import { normalTensor } from "../support/random.ts";

const COUNT = 1 << 18;
const x = input("x", "float32", [COUNT]);
const program = compile({ y: add(x, x), z: exp(x) });

it("leaves no copies of what was fetched", async () => {
  const runtime = cpuRuntime();
  const executable = await runtime.load(program);
  const [feed, y, z] = [
    runtime.adopt(normalTensor(1, [COUNT])),
    runtime.allocate("float32", [COUNT]),
    runtime.allocate("float32", [COUNT]),
  ];
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 3; i += 1) await executable.run({ x: feed }, { y, z });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(COUNT);
  const [given = 0] = await feed.read();
  expect([(await y.read())[0], (await z.read())[0]]).toEqual([
    Math.fround(2 * Number(given)),
    expect.closeTo(Math.exp(Number(given)), 5),
  ]);
});

it("is refused in the words that are expected, and the fetched buffer is full", async () => {
  const load: typeof Onnxruntime = createRequire(import.meta.url)("onnxruntime-node");
  const session = await load.InferenceSession.create(unansweredModel(program.bytes));
  const tensor = (data: Float32Array) => new load.Tensor("float32", data, [COUNT]);
  const y = tensor(new Float32Array(COUNT));
  const run = () =>
    session.run({ x: tensor(new Float32Array(COUNT).fill(1)) }, { [UNANSWERED]: null, y });
  await expect(run()).rejects.toThrow("Non tensor type is temporarily not supported.");
  expect(y.data[COUNT - 1]).toBe(2);
  await unanswered(run);
});

it("tells of the faults of a program", async () => {
  const runtime = cpuRuntime();
  const rows = input("rows", "int32", [1]);
  const executable = await runtime.load(compile({ y: gather(x, rows) }));
  const places = runtime.allocate("int32", [1]);
  setElements(places, Int32Array.of(COUNT + 1));
  await expect(
    executable.run(
      { x: runtime.allocate("float32", [COUNT]), rows: places },
      { y: runtime.allocate("float32", [1]) },
    ),
  ).rejects.toThrow("out of data bounds");
});
