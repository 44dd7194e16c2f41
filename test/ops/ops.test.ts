/**
 * Every operator: types, numbers and derivatives against PyTorch, derivatives against central differences, and the same numbers
 * from WebAssembly.
 */

import { describe, expect, it } from "vitest";
import { input } from "../../src/graph/value.ts";
import { compile } from "../../src/onnx/model.ts";
import * as ops from "../../src/ops/index.ts";
import { wasmRuntime } from "../../src/runtime/web.ts";
import { DIFFERENCES, expectClose, FLOAT32, FLOAT64, numbersOf } from "../support/close.ts";
import { type HostTensors, loadProgram, runGraph, tensorNamed } from "../support/graph.ts";
import { graphOf, toTensor } from "./built-case.ts";
import { type Case, CASES, OPS } from "./cases.ts";

type Float = "float32" | "float64";

/**
 * onnxruntime has no float64 kernel of Erf, nor of QuickGelu, into which it fuses x σ(x); and its LayerNormalization
 * answers with float32 statistics for float64 too.
 */
const ONLY_FLOAT32: readonly string[] = ["erf", "gelu", "layerNorm", "silu"];

/** Float32: a step of 2^-7, for which rounding errors (6e-8 / 2^-7) and the step's square balance. */
const COARSE_STEP = 2 ** -7;
const COARSE_DIFFERENCES = 2e-4;
const STEP = 1e-5;

const precisionOf = ({ op }: Case): Float => (ONLY_FLOAT32.includes(op) ? "float32" : "float64");
const toleranceOf = (precision: Float) => (precision === "float64" ? FLOAT64 : FLOAT32);

describe.each(CASES.map((item) => [item.name, item] as const))("%s", (_, item) => {
  const precision = precisionOf(item);

  it("has the types and numbers of the reference", async () => {
    const { outputs, gradients, feeds } = graphOf(item, precision);
    for (const [i, { dtype, shape }] of item.outputs.entries()) {
      const y = outputs[`y${i}`];
      const isCast = item.op === "cast";
      expect(y?.dtype).toBe(dtype === "float64" && !isCast ? precision : dtype);
      expect(y?.shape).toEqual(shape);
    }
    const results = await runGraph({ ...outputs, ...gradients }, feeds);
    const check = (name: string, expected: readonly number[]) => {
      const result = tensorNamed(results, name);
      const loose = [result.dtype, precision].includes("float32");
      expectClose(numbersOf(result), expected, toleranceOf(loose ? "float32" : "float64"), {
        what: name,
      });
    };
    item.outputs.forEach(({ data }, i) => check(`y${i}`, data));
    for (const [i, gradient] of item.grads.entries()) {
      if (!gradient) continue;
      expect(gradients[`dx${i}`]?.shape).toEqual(gradient.shape);
      check(`dx${i}`, gradient.data);
    }
  });

  // Comparisons have no derivative, and a cast no difference that is small.
  if (item.op === "cast" || !item.grads.some((gradient) => gradient)) return;
  it("has the derivative of central differences", async () => {
    const { outputs, gradients, feeds } = graphOf(item, precision);
    const [step, tolerance] =
      precision === "float64" ? [STEP, DIFFERENCES] : [COARSE_STEP, COARSE_DIFFERENCES];
    const analytic = await runGraph(gradients, feeds);
    const forward = await loadProgram(compile(outputs));
    const project = async (moved: HostTensors) => {
      const results = await forward.run(moved);
      return item.cotangents.reduce((sum, cotangent, i) => {
        const y = cotangent ? numbersOf(tensorNamed(results, `y${i}`)) : [];
        return y.reduce((s, x, k) => s + x * (cotangent?.[k] ?? 0), sum);
      }, 0);
    };
    for (const name of Object.keys(gradients)) {
      const x = tensorNamed(feeds, `x${name.slice(2)}`);
      const slopes: number[] = [];
      for (let k = 0; k < x.data.length; k += 1) {
        const shifted = (by: number) => {
          const data = numbersOf(x).with(k, Number(x.data[k]) + by);
          return { ...feeds, [`x${name.slice(2)}`]: toTensor(x.dtype, { shape: x.shape, data }) };
        };
        slopes.push(
          ((await project(shifted(step))) - (await project(shifted(-step)))) / (2 * step),
        );
      }
      expectClose(numbersOf(tensorNamed(analytic, name)), slopes, tolerance, {
        what: name,
        floor: 1,
      });
    }
    await forward.release();
  });
});

describe("on WebAssembly", () => {
  const wasm = wasmRuntime();

  it.each(CASES.map((item) => [item.name, item] as const))("%s", async (_, item) => {
    const { outputs, gradients, feeds } = graphOf(item, "float32");
    const node = await runGraph({ ...outputs, ...gradients }, feeds);
    const web = await runGraph({ ...outputs, ...gradients }, feeds, wasm);
    for (const [name, tensor] of Object.entries(node)) {
      const other = tensorNamed(web, name);
      expect([other.dtype, other.shape]).toEqual([tensor.dtype, tensor.shape]);
      expectClose(numbersOf(other), numbersOf(tensor), FLOAT32, { what: name, floor: 1e-6 });
    }
  });
});

describe("the table", () => {
  const tested = new Set(CASES.map(({ op }) => op));

  it.each(Object.entries(ops).flatMap(([name, f]) => (typeof f === "function" ? [name] : [])))(
    "has a row and cases for %s",
    (name) => {
      expect(OPS, `add a row to test/ops/cases.ts`).toHaveProperty(name);
      expect(tested, `add cases to test/golden/make_ops.py`).toContain(name);
    },
  );

  it("has no row for an operator that does not exist", () => {
    expect(Object.keys(ops)).toEqual(expect.arrayContaining(Object.keys(OPS)));
  });

  it("takes float32 only where float64 is not to be had", async () => {
    for (const op of ONLY_FLOAT32) {
      const item = CASES.find((candidate) => candidate.op === op);
      if (!item) throw new Error(`no case of ${op}`);
      const { outputs, gradients, feeds } = graphOf(item, "float64");
      const both = runGraph(outputs, feeds).then(() => runGraph(gradients, feeds));
      await expect(both, op).rejects.toThrow(/not.*implement|no kernel|find kernel|type error/i);
    }
  });
});

describe("an operator refuses", () => {
  const f = (...shape: (number | string)[]) => input("f", "float32", shape);
  const d = (...shape: number[]) => input("d", "float64", shape);
  const i = (...shape: number[]) => input("i", "int32", shape);

  it.each<readonly [string, () => unknown, string]>([
    ["shapes that do not broadcast", () => ops.add(f(2), f(3)), "add: shapes do not broadcast"],
    [
      "operands of two types",
      () => ops.mul(f(2), d(2)),
      "mul: element types differ; got a float32",
    ],
    ["integers where it needs floats", () => ops.exp(i(2)), "exp: needs floats; got x int32"],
    ["integers in a softmax", () => ops.softmax(i(2)), "softmax: needs floats; got x int32"],
    ["a condition of numbers", () => ops.where(f(2), f(2), f(2)), "where: needs a bool condition"],
    [
      "inner dimensions that differ",
      () => ops.matmul(f(2, 3), f(2, 3)),
      "matmul: inner dimensions differ; got a [2, 3], b [2, 3]",
    ],
    ["a product of vectors", () => ops.matmul(f(2), f(2, 3)), "matmul: needs at least two axes"],
    ["a product of two types", () => ops.matmul(f(2, 2), d(2, 2)), "matmul: element types differ"],
    ["a product of named sizes that differ", () => ops.matmul(f(2, "K"), f("L", 3)), "[2, K]"],
    ["another number of elements", () => ops.reshape(f(2, 3), [5]), "reshape: element counts"],
    [
      "to move two names",
      () => ops.reshape(f("B", "T"), [1, "B", "T"]),
      "reshape: moves two named axes; got x [B, T], to [1, B, T]",
    ],
    ["an axis beyond the new rank", () => ops.unsqueeze(f(2), 2), "unsqueeze: no axis 2"],
    ["another name", () => ops.reshape(f("B", 3), ["T", 3]), "reshape: element counts differ"],
    ["what is no permutation", () => ops.transpose(f(2, 3), [0, 0]), "[0, 0] is no permutation"],
    ["a permutation of fewer axes", () => ops.transpose(f(2, 3), [0]), "transpose: 1 axes"],
    ["to shrink", () => ops.expand(f(2, 3), [3]), "expand: does not broadcast to the shape"],
    [
      "a range after the end",
      () => ops.slice(f(4), { axis: 0, start: 2, end: 5 }),
      "no range 2 to 5",
    ],
    ["a range backwards", () => ops.slice(f(4), { axis: 0, start: 3, end: 2 }), "no range 3 to 2"],
    ["an axis that is not there", () => ops.reduceSum(f(2), { axes: [1] }), "reduceSum: no axis 1"],
    ["parts that are not whole", () => ops.split(f(5), 2), "split: axis 0 is not divisible by 2"],
    ["to join other axes", () => ops.concat([f(2, 3), f(2, 4)], 0), "concat: other axes differ"],
    ["to join two types", () => ops.concat([f(2), d(2)], 0), "concat: element types differ"],
    ["to join nothing", () => ops.concat([], 0), "concat: nothing to join"],
    [
      "indices that are floats",
      () => ops.gather(f(2, 3), f(2)),
      "gather: indices must be integers",
    ],
    [
      "other axes than the indices'",
      () => ops.gatherElements(f(2, 3), i(3, 1), 1),
      "gatherElements: other axes differ",
    ],
    ["fewer rows than indices", () => ops.scatterAdd(f(4, 3), i(2), f(1, 3)), "one row per index"],
    [
      "updates of another shape",
      () => ops.scatterElementsAdd(f(4, 3), i(2, 3), f(2, 2), 0),
      "scatterElementsAdd: shapes do not match",
    ],
    [
      "another width of the weight",
      () => ops.layerNorm(f(2, 3), f(2), f(3), 1),
      "layerNorm: weight",
    ],
  ])("%s", (_, apply, message) => {
    expect(apply).toThrow(message);
    expect(apply).toThrow(/^\w+: /);
  });
});
