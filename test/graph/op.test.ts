/** Defining operators. */

import { expect, it } from "vitest";
import { GraphError, ShapeError } from "../../src/errors.ts";
import { customVjp, defineMultiOp, defineOp } from "../../src/graph/op.ts";
import { input, producer, scalarLike, type Value } from "../../src/graph/value.ts";

type Unary = readonly [x: Value];

const x = input("x", "float32", [2, 3]);
const other = input("other", "float32", [5]);

const Power = defineOp<Unary, number>({
  type: "Power",
  infer: ([value], exponent) => {
    if (exponent < 0) throw new ShapeError("power: negative", { x: value.shape });
    return { dtype: value.dtype, shape: value.shape };
  },
  vjp: (dy, [value], y, exponent) => [exponent === 1 ? y : exponent === 2 ? dy : value],
  onnx: (exponent) => ({ attributes: { p: { kind: "int", value: exponent } } }),
});

it("an operator remembers its inputs, attributes and ONNX form", () => {
  const y = Power([x], 2);
  const node = producer(y);
  expect([y.dtype, y.shape]).toEqual(["float32", [2, 3]]);
  expect([node?.type, node?.inputs, node?.outputs]).toEqual(["Power", [x], [y]]);
  expect(node?.onnx).toEqual({ attributes: { p: { kind: "int", value: 2 } } });
  expect([node?.body, node?.fold]).toEqual([undefined, undefined]);
});

it("checks when it is applied", () => {
  expect(() => Power([x], -1)).toThrow("power: negative; got x [2, 3]");
});

it("hands cotangent, inputs, output and attributes to its rule", () => {
  const dy = input("dy", "float32", [2, 3]);
  const cotangents = (exponent: number) => producer(Power([x], exponent))?.vjp?.([dy]);
  expect(cotangents(2)).toEqual([dy]);
  expect(cotangents(3)).toEqual([x]);
  expect(producer(Power([x], 2))?.vjp?.([undefined])).toEqual([undefined]);
  const y = Power([x], 1);
  expect(producer(y)?.vjp?.([dy])[0]).toBe(y);
});

it("is rebuilt on other inputs with the same attributes, and checked again", () => {
  const [again = x] = producer(Power([x], 3))?.rebuild([other]) ?? [];
  expect(again.shape).toEqual([5]);
  expect(producer(again)?.onnx).toEqual({ attributes: { p: { kind: "int", value: 3 } } });
  expect(() => producer(Power([x], 3))?.rebuild([x, x])).toThrow(
    new GraphError("rebuild: expected 1 inputs; got 2"),
  );
});

it("may have several outputs", () => {
  const Twice = defineMultiOp<Unary>({
    type: "Twice",
    infer: ([value]) => [value, { dtype: "int32", shape: [] }],
    vjp: (dys) => [dys[0] ?? dys[1]],
  });
  const outputs = Twice([x], undefined);
  expect(outputs.map(({ dtype, shape }) => [dtype, shape])).toEqual([
    ["float32", [2, 3]],
    ["int32", []],
  ]);
  expect(outputs.map(({ source }) => source.kind === "node" && source.index)).toEqual([0, 1]);
  const [first = x, second = x] = outputs;
  expect(producer(first)).toBe(producer(second));
  expect(producer(first)?.vjp?.([undefined, other])).toEqual([other]);
  expect(
    producer(first)
      ?.rebuild([other])
      .map(({ shape }) => shape),
  ).toEqual([[5], []]);
});

it("may be a function with a body and a derivative of its own", () => {
  const Same = customVjp<Unary>("same", {
    body: (inputs) => Power(inputs, 2),
    vjp: (dy, [value], y) => [dy === other ? value : y],
  });
  const y = Same([x]);
  const node = producer(y);
  expect(node?.body?.map((value) => producer(value)?.type)).toEqual(["Power"]);
  expect(node?.vjp?.([other])[0]).toBe(x);
  expect(node?.vjp?.([scalarLike(x, 1)])[0]).toBe(y);
  expect(producer(node?.rebuild([other])[0] ?? x)?.body?.[0]?.shape).toEqual([5]);
});
