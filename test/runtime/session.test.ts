/** Buffers, and what a run checks, writes and leaves behind, on onnxruntime-node. */

import { describe, expect, it } from "vitest";
import { vjp } from "../../src/autodiff/index.ts";
import { GraphError, ShapeError } from "../../src/errors.ts";
import { input, scalarLike } from "../../src/graph/value.ts";
import { compile } from "../../src/onnx/model.ts";
import { add, exp, mul, neg, scale, sub } from "../../src/ops/elementwise.ts";
import { scatterAdd } from "../../src/ops/indexing.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { matrixTranspose, reshape } from "../../src/ops/movement.ts";
import { reduceMean } from "../../src/ops/reduce.ts";
import { cpuRuntime } from "../../src/runtime/node.ts";
import { type Buffer, type Executable, readTensor } from "../../src/runtime/runtime.ts";
import { float32, hostTensor, zeros } from "../../src/tensor/host-tensor.ts";
import { integerNumbers, normalTensor } from "../support/random.ts";

const runtime = cpuRuntime({ threads: 2 });

const numbers = async (buffer: Buffer) => Array.from(await buffer.read(), Number);
const row = (...values: number[]) =>
  runtime.adopt(float32([values.length], Float32Array.from(values)));
const fill = (buffer: Buffer, value: number) =>
  buffer.write((elements) => {
    for (let i = 0; i < elements.length; i += 1) elements[i] = value;
  });
const load = (outputs: Parameters<typeof compile>[0]): Promise<Executable> =>
  runtime.load(compile(outputs));

const x = input("x", "float32", [2]);
const y = input("y", "float32", [2]);

describe("a buffer", () => {
  it("of a host tensor is that tensor's memory", async () => {
    const tensor = normalTensor(1, [3, 2]);
    const buffer = runtime.adopt(tensor);
    expect(await buffer.read()).toBe(tensor.data);
    expect(await readTensor(buffer)).toEqual(tensor);
    expect(buffer.bytes).toBe(24);
  });

  it("is zero at first, and holds what is written", async () => {
    const buffer = runtime.allocate("int64", [3]);
    expect(await numbers(buffer)).toEqual([0, 0, 0]);
    expect(buffer.bytes).toBe(24);
    const floats = runtime.allocate("float32", [2]);
    floats.write((elements) => {
      elements[0] = 1;
      elements[1] = 2;
    });
    expect(await numbers(floats)).toEqual([1, 2]);
  });

  it("holds bfloat16, which no program can be fed with", async () => {
    const bits = Uint16Array.of(0x3f80, 0xc000);
    const buffer = runtime.adopt(hostTensor("bfloat16", [2], bits));
    expect(await buffer.read()).toBe(bits);
    expect([buffer.dtype, buffer.bytes]).toEqual(["bfloat16", 4]);
    const program = await load({ z: neg(x) });
    await expect(program.run({ x: buffer }, {})).rejects.toThrow("got bfloat16 [2]");
    await program.release();
  });

  it("has views of rows in the same memory", async () => {
    const buffer = runtime.adopt(float32([3, 2], Float32Array.of(1, 2, 3, 4, 5, 6)));
    const rows = buffer.rows(1, 3);
    expect([rows.shape, rows.bytes]).toEqual([[2, 2], 16]);
    expect(buffer.rows(1, 1).shape).toEqual([0, 2]);
    const pair = input("x", "float32", [2, 2]);
    const program = await load({ z: neg(pair) });
    const z = runtime.allocate("float32", [2, 2]);
    await program.run({ x: rows }, { z });
    expect(await numbers(z)).toEqual([-3, -4, -5, -6]);
    await program.run({ x: z }, { z: rows });
    expect(await numbers(buffer)).toEqual([1, 2, 3, 4, 5, 6]);
    const last = buffer.rows(0, 2);
    await program.run({ x: last }, { z });
    await program.run({ x: z }, { z: rows });
    expect(await numbers(buffer)).toEqual([1, 2, 1, 2, 3, 4]);
    await program.release();
  });

  it("has views in other shapes in the same memory", async () => {
    const buffer = runtime.adopt(float32([3, 2], Float32Array.of(1, 2, 3, 4, 5, 6)));
    const view = buffer.view([4, 1]);
    expect(view.shape).toEqual([4, 1]);
    fill(view, 0);
    expect(await numbers(buffer)).toEqual([0, 0, 0, 0, 5, 6]);
  });

  it.each<readonly [string, (buffer: Buffer) => void, string]>([
    ["rows after the end", (b) => b.rows(1, 4), "rows: no range 1 to 4; got buffer [3, 2]"],
    ["rows before the start", (b) => b.rows(-1, 1), "rows: no range -1 to 1; got buffer [3, 2]"],
    ["rows backwards", (b) => b.rows(2, 1), "rows: no range 2 to 1; got buffer [3, 2]"],
    ["a larger view", (b) => b.view([7]), "view: too large; got buffer [3, 2], to [7]"],
  ])("has no %s", (_, view, message) => {
    const attempt = () => view(runtime.allocate("float32", [3, 2]));
    expect(attempt).toThrow(ShapeError);
    expect(attempt).toThrow(message);
  });
});

describe("a run", () => {
  it("reads feeds in place and writes into the buffers that are fetched", async () => {
    const executable = await load({ sum: add(x, y), difference: sub(x, y) });
    const [sum, difference] = [runtime.allocate("float32", [2]), runtime.allocate("float32", [2])];
    const feeds = { x: row(1, 2), y: row(10, 20) };
    await executable.run(feeds, { sum, difference });
    expect([await numbers(sum), await numbers(difference)]).toEqual([
      [11, 22],
      [-9, -18],
    ]);
    fill(feeds.x, 5);
    await executable.run(feeds, { sum });
    expect([await numbers(sum), await numbers(difference)]).toEqual([
      [15, 25],
      [-9, -18],
    ]);
  });

  it("reads and writes views", async () => {
    const executable = await load({ sum: add(x, y) });
    const rows = runtime.adopt(float32([6], Float32Array.of(1, 2, 3, 4, 0, 0)));
    const [first, second, third] = [0, 2, 4].map((i) => rows.rows(i, i + 2));
    if (!first || !second || !third) throw new Error("three rows expected");
    await executable.run({ x: first, y: second }, { sum: third });
    expect(await numbers(rows)).toEqual([1, 2, 3, 4, 4, 6]);
  });

  it("takes any size where the program has a name", async () => {
    const executable = await load({ z: neg(input("n", "float32", ["N"])) });
    const z = runtime.allocate("float32", [3]);
    await executable.run({ n: row(1, 2, 3) }, { z });
    expect(await numbers(z)).toEqual([-1, -2, -3]);
    await expect(executable.run({ n: runtime.allocate("float32", [3, 1]) }, { z })).rejects.toThrow(
      'run: feed "n" must be float32 [N]; got float32 [3, 1]',
    );
  });

  const other = cpuRuntime({ threads: 1 });
  it.each<readonly [string, Record<string, Buffer>, Record<string, Buffer>, string]>([
    ["a feed that is missing", { x: row(1, 2) }, {}, 'run: no feed "y"'],
    [
      "a feed of another shape",
      { x: row(1, 2), y: row(1, 2, 3) },
      {},
      'run: feed "y" must be float32 [2]; got float32 [3]',
    ],
    [
      "a feed of another rank",
      { x: row(1, 2), y: runtime.allocate("float32", [2, 1]) },
      {},
      'run: feed "y" must be float32 [2]; got float32 [2, 1]',
    ],
    [
      "a feed of another type",
      { x: row(1, 2), y: runtime.allocate("int32", [2]) },
      {},
      'run: feed "y" must be float32 [2]; got int32 [2]',
    ],
    [
      "a feed that the program does not have",
      { x: row(1, 2), y: row(1, 2), z: row(1) },
      {},
      'run: the program has no feed "z"',
    ],
    [
      "a fetch that the program does not have",
      { x: row(1, 2), y: row(1, 2) },
      { product: row(1, 2) },
      'run: the program has no fetch "product"',
    ],
    [
      "a fetch of another shape",
      { x: row(1, 2), y: row(1, 2) },
      { sum: row(1) },
      'run: fetch "sum" must be float32 [2]; got float32 [1]',
    ],
    [
      "a buffer of another runtime",
      { x: row(1, 2), y: other.allocate("float32", [2]) },
      {},
      'run: feed "y" belongs to another runtime',
    ],
  ])("refuses %s", async (_, feeds, fetches, message) => {
    const executable = await load({ sum: add(x, y) });
    await expect(executable.run(feeds, fetches)).rejects.toThrow(new GraphError(message));
  });
});

describe("an output in the memory of an input", () => {
  it("has the bits of one in memory of its own, over 200 random runs", async () => {
    const shape = [37, 53];
    const dy = input("dy", "float32", [64, 37]);
    const activations = input("activations", "float32", [64, 53]);
    const table = input("table", "float32", shape);
    const ids = input("ids", "int32", [64]);
    const acc = input("acc", "float32", shape);
    const executable = await load({
      "acc'": add(acc, matmul(matrixTranspose(dy), activations)),
      "table'": scatterAdd(table, ids, activations),
    });
    const [spare, spareTable] = [
      runtime.allocate("float32", shape),
      runtime.allocate("float32", shape),
    ];
    for (let run = 0; run < 200; run += 1) {
      const inputs = {
        dy: runtime.adopt(normalTensor(5 * run, [64, 37])),
        activations: runtime.adopt(normalTensor(5 * run + 1, [64, 53])),
        ids: runtime.adopt(hostTensor("int32", [64], Int32Array.from(integerNumbers(run, 64, 37)))),
        acc: runtime.adopt(normalTensor(5 * run + 2, shape)),
        table: runtime.adopt(normalTensor(5 * run + 3, shape)),
      };
      await executable.run(inputs, { "acc'": spare, "table'": spareTable });
      await executable.run(inputs, { "acc'": inputs.acc, "table'": inputs.table });
      expect(await inputs.acc.read()).toEqual(await spare.read());
      expect(await inputs.table.read()).toEqual(await spareTable.read());
    }
  });

  const matrix = input("m", "float32", [2, 2]);
  const square = () => runtime.allocate("float32", [2, 2]);

  it("is refused where a product reads the input", async () => {
    const executable = await load({ product: matmul(matrix, matrix) });
    const m = square();
    await expect(executable.run({ m }, { product: m })).rejects.toThrow(
      new GraphError('run: output "product" would overwrite input "m" too early'),
    );
  });

  it("is refused where another output may read the input later", async () => {
    const executable = await load({ next: scale(matrix, 2), other: exp(matrix) });
    const m = square();
    await expect(executable.run({ m }, { next: m })).rejects.toThrow(GraphError);
    await executable.run({ m }, { next: square(), other: square() });
  });

  it("is refused where it is only fed or fetched as a view", async () => {
    const executable = await load({ product: matmul(matrix, matrix) });
    const whole = runtime.allocate("float32", [4, 2]);
    const m = whole.rows(0, 2);
    await expect(executable.run({ m }, { product: whole.rows(0, 2) })).rejects.toThrow(GraphError);
    await expect(executable.run({ m }, { product: whole.rows(1, 3) })).rejects.toThrow(GraphError);
    await executable.run({ m }, { product: whole.rows(2, 4) });
  });

  it("is refused where it covers the input in part, also for a sum", async () => {
    const executable = await load({ next: add(matrix, matrix) });
    const whole = runtime.allocate("float32", [3, 2]);
    await executable.run({ m: whole.rows(0, 2) }, { next: whole.rows(0, 2) });
    await expect(
      executable.run({ m: whole.rows(0, 2) }, { next: whole.rows(1, 3) }),
    ).rejects.toThrow(GraphError);
  });

  it("is refused where the input is fed twice and one name is not safe", async () => {
    const a = input("a", "float32", [2, 2]);
    const executable = await load({ next: add(a, matmul(matrix, matrix)), other: neg(matrix) });
    const m = square();
    for (const feeds of [
      { a: m, m },
      { m, a: m },
    ]) {
      await expect(executable.run(feeds, { next: m })).rejects.toThrow(GraphError);
    }
  });

  it("is refused for two outputs", async () => {
    const executable = await load({ a: neg(matrix), b: exp(matrix) });
    const shared = square();
    await expect(executable.run({ m: square() }, { a: shared, b: shared })).rejects.toThrow(
      new GraphError('run: outputs "a" and "b" share memory'),
    );
  });

  it("is refused where a rearranged input is read later", async () => {
    const flat = reshape(matrix, [4]);
    const next = add(matrix, reshape(exp(flat), [2, 2]));
    const executable = await load({ next, other: add(neg(flat), reshape(mul(next, next), [4])) });
    const m = square();
    await expect(executable.run({ m }, { next: m })).rejects.toThrow(GraphError);
  });
});

it("measures the time inside onnxruntime", async () => {
  const own = cpuRuntime({ threads: 1 });
  expect(own.elapsedMs()).toBe(0);
  const executable = await own.load(compile({ z: neg(x) }));
  await executable.run({ x: own.allocate("float32", [2]) }, { z: own.allocate("float32", [2]) });
  expect(own.elapsedMs()).toBeGreaterThan(0);
});

it("does not grow over 200 steps of training", async () => {
  const [batch, width] = [64, 256];
  const w = input("w", "float32", [width, width]);
  const data = input("data", "float32", [batch, width]);
  const error = sub(matmul(data, w), data);
  const loss = reduceMean(mul(error, error));
  const [dw = w] = vjp([loss], [scalarLike(loss, 1)], [w]);
  const executable = await load({ loss, dw });
  const update = await load({ "w'": sub(w, scale(input("dw", "float32", [width, width]), 10)) });
  const buffers = {
    w: runtime.adopt(normalTensor(1, [width, width])),
    dw: runtime.adopt(zeros("float32", [width, width])),
    data: runtime.adopt(normalTensor(2, [batch, width])),
    loss: runtime.allocate("float32", []),
  };
  const steps = async (count: number) => {
    for (let step = 0; step < count; step += 1) {
      const { w: weights, dw: gradient, data: fed, loss: result } = buffers;
      await executable.run({ w: weights, data: fed }, { loss: result, dw: gradient });
      await update.run({ w: weights, dw: gradient }, { "w'": weights });
    }
    const [result = Number.NaN] = await numbers(buffers.loss);
    return { loss: result, resident: process.memoryUsage().rss };
  };
  const first = await steps(50);
  const later = await steps(200);
  expect(later.loss).toBeLessThan(first.loss);
  expect(later.resident - first.resident).toBeLessThan(20 * 2 ** 20);
});
