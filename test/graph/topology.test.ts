/** Walking, counting and rewriting graphs. */

import { describe, expect, it } from "vitest";
import { grad } from "../../src/autodiff/index.ts";
import { customVjp } from "../../src/graph/op.ts";
import {
  graphInputs,
  lower,
  rewrite,
  substitute,
  topologicalOrder,
  useCounts,
} from "../../src/graph/topology.ts";
import { input, producer, scalarLike, type Value } from "../../src/graph/value.ts";
import { add, exp, mul, neg, sub } from "../../src/ops/elementwise.ts";
import { split } from "../../src/ops/movement.ts";
import { reduceSum } from "../../src/ops/reduce.ts";
import { numbersOf } from "../support/close.ts";
import { runGraph, tensorNamed } from "../support/graph.ts";
import { normalTensor64 } from "../support/random.ts";

const x = input("x", "float64", [3]);
const y = input("y", "float64", [3]);

const types = (outputs: readonly Value[]) => topologicalOrder(outputs).map(({ type }) => type);

/** The numbers of one value for fixed inputs. */
async function evaluate(value: Value): Promise<number[]> {
  const feeds = { x: normalTensor64(1, [3]), y: normalTensor64(2, [3]) };
  return numbersOf(tensorNamed(await runGraph({ value }, feeds), "value"));
}

describe("topologicalOrder", () => {
  it("visits every node once, producers first", () => {
    const a = neg(x);
    const b = mul(a, a);
    const c = add(a, b);
    expect(topologicalOrder([c, b, c])).toEqual([a, b, c].map(producer));
  });

  it("does not visit what no output needs", () => {
    const a = neg(x);
    exp(a);
    expect(types([a])).toEqual(["Neg"]);
  });

  it("follows a node of several outputs once", () => {
    const [a = x, b = x] = split(input("z", "float64", [4]), 2);
    expect(types([add(a, b)])).toEqual(["Split", "Add"]);
  });
});

describe("a graph of 50,000 nodes in a row", () => {
  const depth = 50_000;
  const deep = Array.from({ length: depth }).reduce<Value>((value) => neg(value), x);

  it("is walked, counted and rewritten without overflowing the stack", () => {
    expect(topologicalOrder([deep])).toHaveLength(depth);
    expect(useCounts([deep]).size).toBe(depth + 1);
    const [swapped = x] = substitute([deep], new Map([[x, y]]));
    expect(graphInputs([swapped])).toEqual([y]);
    expect(lower([deep])).toHaveLength(1);
  });

  it("is differentiated", () => {
    const [dx = x] = grad(reduceSum(deep), [x]);
    expect(topologicalOrder([dx]).length).toBeGreaterThan(depth);
  });
});

describe("graphInputs", () => {
  it("gives each name once, in the order of first use", () => {
    const twin = input("y", "float64", [3]);
    expect(graphInputs([sub(y, x), add(twin, x)])).toEqual([y, x]);
  });

  it("includes an input that is itself an output", () => {
    expect(graphInputs([x])).toEqual([x]);
  });
});

describe("useCounts", () => {
  it("counts operands and outputs", () => {
    const a = neg(x);
    const b = mul(a, a);
    const counts = useCounts([b, a]);
    expect([x, a, b].map((value) => counts.get(value))).toEqual([1, 3, 1]);
  });
});

describe("rewrite", () => {
  it("replaces nodes and rebuilds what depends on them", async () => {
    const before = add(exp(neg(x)), y);
    const [after = x] = rewrite([before], (node, inputs) =>
      node.type === "Neg" ? inputs : undefined,
    );
    expect(types([after])).toEqual(["Exp", "Add"]);
    expect(await evaluate(after)).toEqual(await evaluate(add(exp(x), y)));
  });

  it("hands the rule inputs that are rewritten already", () => {
    const seen: boolean[] = [];
    const inner = neg(x);
    rewrite([exp(inner)], (node, inputs) => {
      if (node.type === "Exp") seen.push(inputs[0] === y);
      return node.type === "Neg" ? [y] : undefined;
    });
    expect(seen).toEqual([true]);
  });

  it("shares what no rule touched", () => {
    const a = exp(x);
    const [after = x] = rewrite([add(a, neg(y))], (node) =>
      node.type === "Neg" ? [y] : undefined,
    );
    expect(producer(after)?.inputs[0]).toBe(a);
  });
});

describe("substitute", () => {
  it("replaces inputs, intermediate values and outputs", async () => {
    const a = exp(x);
    const [first = x, second = x, third = x] = substitute([neg(a), a, y], new Map([[a, y]]));
    expect([second, third]).toEqual([y, y]);
    expect(await evaluate(first)).toEqual(await evaluate(neg(y)));
  });

  it("does not substitute inside the replacement", async () => {
    const [swapped = x] = substitute([neg(x)], new Map([[x, add(x, y)]]));
    expect(await evaluate(swapped)).toEqual(await evaluate(neg(add(x, y))));
  });
});

describe("lower", () => {
  const Square = customVjp<readonly [x: Value]>("square", {
    body: ([value]) => mul(value, value),
    vjp: (dy, [value]) => [mul(dy, mul(scalarLike(value, 2), value))],
  });

  it("puts bodies in the place of functions, also inside other functions", async () => {
    const Fourth = customVjp<readonly [x: Value]>("fourth", {
      body: ([value]) => Square([Square([value])]),
      vjp: (dy) => [dy],
    });
    const value = neg(Fourth([x]));
    expect(types([value])).toEqual(["fourth", "Neg"]);
    const [lowered = x] = lower([value]);
    expect(types([lowered])).toEqual(["Mul", "Mul", "Neg"]);
    const cube = mul(x, mul(x, x));
    const [a, b] = [await evaluate(lowered), await evaluate(neg(mul(cube, x)))];
    a.forEach((number, i) => expect(number).toBeCloseTo(b[i] ?? Number.NaN, 12));
  });

  it("leaves plain operators as they are", () => {
    const value = neg(exp(x));
    expect(lower([value])).toEqual([value]);
    expect(lower([value])[0]).toBe(value);
  });

  it("keeps the inputs of a function that were functions themselves", () => {
    const [lowered = x] = lower([Square([Square([x])])]);
    expect(types([lowered])).toEqual(["Mul", "Mul"]);
  });
});
