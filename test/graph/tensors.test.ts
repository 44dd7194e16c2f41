/** Flat dictionaries of values. */

import { expect, it } from "vitest";
import { GraphError } from "../../src/errors.ts";
import { mapTensors, tensorAt, zipTensors } from "../../src/graph/tensors.ts";
import { input } from "../../src/graph/value.ts";

const [a, b, c] = ["a", "b", "c"].map((name) => input(name, "float32", [1]));
if (!a || !b || !c) throw new Error("three inputs expected");

it("mapTensors keeps names and their order", () => {
  const names: string[] = [];
  const mapped = mapTensors({ z: a, y: b }, (value, name) => {
    names.push(name);
    return value === a ? c : value;
  });
  expect(Object.entries(mapped)).toEqual([
    ["z", c],
    ["y", b],
  ]);
  expect(names).toEqual(["z", "y"]);
});

it("zipTensors goes by the names of the first", () => {
  expect(zipTensors({ x: a }, { y: c, x: b }, (_, second) => second)).toEqual({ x: b });
  expect(() => zipTensors({ x: a }, { y: b }, (first) => first)).toThrow(
    new GraphError('tensors: no tensor "x"'),
  );
});

it("tensorAt finds or fails", () => {
  expect(tensorAt({ x: a }, "x")).toBe(a);
  expect(() => tensorAt({}, "x")).toThrow(GraphError);
});
