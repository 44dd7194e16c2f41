/** What is written, and that onnxruntime reads it so. */

import { describe, expect, it } from "vitest";
import { GraphError } from "../../src/errors.ts";
import { constant, input, scalarLike, type Value } from "../../src/graph/value.ts";
import { compile, type Program } from "../../src/onnx/model.ts";
import { add, cast, exp, mul, neg, scale, shift } from "../../src/ops/elementwise.ts";
import { layerNorm } from "../../src/ops/normalize.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { concat, reshape, slice, split, transpose } from "../../src/ops/movement.ts";
import { float32, hostTensor } from "../../src/tensor/host-tensor.ts";
import { numbersOf } from "../support/close.ts";
import { testRuntime, loadProgram, runGraph, tensorNamed } from "../support/graph.ts";
import { normalTensor } from "../support/random.ts";

const x = input("x", "float32", [2]);
const two = float32([2], Float32Array.of(3, 5));

/** Whether the name of an operator, a field of its own, is among the bytes. */
const writes = ({ bytes }: { readonly bytes: Uint8Array }, type: string) =>
  Buffer.from(bytes).includes(`\x22${String.fromCodePoint(type.length)}${type}`, 0, "latin1");

const run = async (outputs: Readonly<Record<string, Value>>) => {
  const results = await runGraph(outputs, { x: two });
  return Object.fromEntries(
    Object.entries(results).map(([name, tensor]) => [name, numbersOf(tensor)]),
  );
};

describe("compile", () => {
  it("writes a model byte by byte as onnx.proto says", () => {
    const hexOf = (...parts: string[]) => parts.join("").replaceAll(" ", "");
    const text = (value: string) => Buffer.from(value).toString("hex");
    // ValueInfoProto: name; type { tensor_type { elem_type: FLOAT; shape { dim { dim_value: 2 } } } }
    const valueInfo = (name: string) => hexOf(`0a01${text(name)}`, "120a 0a08 0801 1204 0a02 0802");
    expect(Buffer.from(compile({ y: neg(x) }).bytes).toString("hex")).toBe(
      hexOf(
        "080a", // ir_version: 10
        `1205${text("flora")}`, // producer_name
        "3a36", // graph
        `0a0b 0a01${text("x")} 1201${text("y")} 2203${text("Neg")}`, // node
        `1205${text("flora")}`, // name
        "5a0f", // input
        valueInfo("x"),
        "620f", // output
        valueInfo("y"),
        "4204 0a00 1015", // opset_import: the default domain, 21
      ),
    );
  });

  it("passes bfloat16 by its bits, and float16 as it is", async () => {
    const bits = Uint16Array.of(0x3f80, 0xc040, 0x0000);
    const b = input("b", "bfloat16", [3]);
    const h = input("h", "float16", [3]);
    const program = compile({
      "b'": cast(scale(cast(b, "float32"), 2), "bfloat16"),
      copy: b,
      "h'": cast(scale(cast(h, "float32"), 2), "float16"),
      // Another value for the same input.
      sum: add(cast(input("b", "bfloat16", [3]), "float32"), cast(h, "float32")),
    });
    expect(program.inputs["b"]?.dtype).toBe("bfloat16");
    expect(compile({ "b'": cast(scale(cast(b, "float32"), 2), "bfloat16") })).toSatisfy(
      (alone: Program) => alone.mayOverwrite("b'", "b"),
    );
    const loaded = await loadProgram(program);
    const results = await loaded.run({
      b: hostTensor("bfloat16", [3], bits),
      h: hostTensor("float16", [3], Uint16Array.of(0x3c00, 0xc200, 0x0000)),
    });
    // 1, -3, 0 in both formats, and their doubles.
    expect(tensorNamed(results, "b'")).toMatchObject({
      dtype: "bfloat16",
      data: Uint16Array.of(0x4000, 0xc0c0, 0),
    });
    expect(tensorNamed(results, "copy").data).toEqual(bits);
    expect(tensorNamed(results, "h'").data).toEqual(Uint16Array.of(0x4000, 0xc600, 0));
    expect(numbersOf(tensorNamed(results, "sum"))).toEqual([2, -6, 0]);
    await loaded.release();
  });

  it("does not write nodes that no output needs", () => {
    const dead = exp(x);
    add(dead, dead);
    const program = compile({ y: neg(x) });
    expect(writes(program, "Neg")).toBe(true);
    expect(writes(program, "Exp")).toBe(false);
    expect(Object.keys(compile({ y: scale(x, 1), z: neg(x) }).inputs)).toEqual(["x"]);
  });

  it("writes an operator that was made twice once", () => {
    const once = compile({ y: add(exp(x), x) }).bytes.length;
    expect(compile({ y: add(exp(x), x), z: exp(x) }).bytes.length - once).toBeLessThan(40);
  });

  it("writes equal constants once", () => {
    const numbers = () => constant(normalTensor(1, [1000]));
    const value = input("v", "float32", [1000]);
    const { bytes } = compile({ y: mul(add(value, numbers()), numbers()) });
    expect(bytes.length).toBeLessThan(5000);
  });

  it("lists inputs and outputs with their types", () => {
    const named = input("n", "float32", ["B", 2]);
    const { inputs, outputs } = compile({ y: cast(add(named, x), "int32") });
    expect(inputs).toEqual({
      n: { dtype: "float32", shape: ["B", 2] },
      x: { dtype: "float32", shape: [2] },
    });
    expect(outputs).toEqual({ y: { dtype: "int32", shape: ["B", 2] } });
  });

  it("refuses an input and an output of one name", () => {
    expect(() => compile({ x: neg(x) })).toThrow(
      new GraphError('compile: "x" is an input and an output'),
    );
  });

  it.each([
    ["shape", input("x", "float32", [1])],
    ["element type", cast(input("x", "int32", [2]), "float32")],
  ])("refuses two inputs of one name that differ in %s", (_, other) => {
    expect(() => compile({ y: add(x, other) })).toThrow(GraphError);
    expect(() => compile({ y: neg(x), z: neg(other) })).toThrow(GraphError);
  });
});

describe("an output", () => {
  it("may be an input", async () => {
    expect(await run({ y: x })).toEqual({ y: [3, 5] });
  });

  it("may be a constant", async () => {
    expect(await run({ y: constant(two), z: scalarLike(x, 7) })).toEqual({ y: [3, 5], z: [7] });
  });

  it("may have two names", async () => {
    const y = neg(x);
    expect(await run({ a: y, b: y, c: exp(scale(y, 0)) })).toEqual({
      a: [-3, -5],
      b: [-3, -5],
      c: [1, 1],
    });
  });

  it("may be an intermediate value of another", async () => {
    const y = shift(x, 1);
    expect(await run({ a: y, b: neg(y) })).toEqual({ a: [4, 6], b: [-4, -6] });
  });

  it("may be one of several outputs of an operator", async () => {
    const [first = x, second = x] = split(x, 2);
    expect(await run({ a: second, b: first })).toEqual({ a: [5], b: [3] });
    expect(await run({ a: second })).toEqual({ a: [5] });
  });
});

describe("an attribute and an operand", () => {
  it("of every kind reaches onnxruntime", async () => {
    const value = input("v", "float32", [2, 3]);
    const ones = input("ones", "float32", [3]);
    const results = await runGraph(
      {
        ints: transpose(value, [1, 0]),
        float: layerNorm(value, ones, ones, 1e6),
        operands: slice(value, { axis: 1, start: 1, end: 3 }),
        int: concat([value, value], 0),
      },
      { v: normalTensor(1, [2, 3]), ones: float32([3], Float32Array.of(1, 1, 1)) },
    );
    const v = numbersOf(normalTensor(1, [2, 3]));
    expect(numbersOf(tensorNamed(results, "ints"))).toEqual([0, 3, 1, 4, 2, 5].map((i) => v[i]));
    expect(numbersOf(tensorNamed(results, "operands"))).toEqual([1, 2, 4, 5].map((i) => v[i]));
    expect(numbersOf(tensorNamed(results, "int"))).toEqual([...v, ...v]);
    // An epsilon of 1e6 leaves a thousandth.
    const float = numbersOf(tensorNamed(results, "float"));
    expect(Math.max(...float.map((t) => Math.abs(t - 1)))).toBeLessThan(3e-3);
  });

  it("may be sizes that are known when the graph runs", async () => {
    const value = input("v", "float32", ["B", 2, "T"]);
    const executable = await testRuntime.load(compile({ y: reshape(value, ["B", 2, 1, "T"]) }));
    const y = testRuntime.allocate("float32", [3, 2, 1, 4]);
    await executable.run({ v: testRuntime.adopt(normalTensor(1, [3, 2, 4])) }, { y });
    expect(await y.read()).toEqual(normalTensor(1, [3, 2, 4]).data);
    await executable.release();
  });
});

it("reads constants that are views into larger arrays", async () => {
  const view = hostTensor("float32", [2], Float32Array.of(1, 2, 3, 4).subarray(2));
  expect(await run({ y: add(x, constant(view)) })).toEqual({ y: [6, 9] });
});

it("counts operations of the graph as it is run", () => {
  const m = (name: string, rows: number, columns: number) =>
    input(name, "float32", [rows, columns]);
  // (a b) c with a vector c is a (b c).
  const y = matmul(matmul(m("a", 8, 8), m("b", 8, 8)), m("c", 8, 1));
  expect(compile({ y }).operations).toBe(2 * 2 * 8 * 8);
});
