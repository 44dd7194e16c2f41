/** The backward pass from residuals equals the one that computes everything again, and keeps no more than it reads. */

import { describe, expect, it } from "vitest";
import { keptUnder, splitAtResiduals, vjp } from "../../src/autodiff/index.ts";
import { mapTensors, tensorAt, type Tensors } from "../../src/graph/tensors.ts";
import { graphInputs, topologicalOrder } from "../../src/graph/topology.ts";
import { constant, input, type Value } from "../../src/graph/value.ts";
import { gpt2 } from "../../src/models/architectures/gpt2.ts";
import { dropout } from "../../src/nn/dropout.ts";
import { optimize } from "../../src/onnx/model.ts";
import { add, cast, exp, mul, sigmoid } from "../../src/ops/elementwise.ts";
import { gatherElements, largest } from "../../src/ops/indexing.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { matrixTranspose, reshape } from "../../src/ops/movement.ts";
import { accumulator } from "../../src/compress/accumulator.ts";
import { hostTensor, type HostTensor } from "../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32, numbersOf } from "../support/close.ts";
import { runGraph, tensorNamed } from "../support/graph.ts";
import { integerNumbers, normalTensor } from "../support/random.ts";

const matrix = (name: string, ...shape: number[]) => input(name, "float32", shape);
const EVERYTHING = keptUnder("none", []);
const isLate = (name: string) => name === "dy" || name.startsWith("acc");

const shapesOf = (values: Readonly<Record<string, Value>>) =>
  Object.values(values).map(({ shape }) => shape.join("x"));
const inputNames = (values: readonly Value[]) =>
  graphInputs(values)
    .flatMap(({ source }) => (source.kind === "input" ? [source.name] : []))
    .toSorted();

/** What is kept of y = f(x, ...) for the gradients of `wrt`. */
function split(y: Value, wrt: readonly Value[]) {
  const gradients = optimize(vjp([y], [input("dy", y.dtype, y.shape)], wrt));
  return splitAtResiduals(gradients, isLate, EVERYTHING);
}

describe("the residuals", () => {
  const x = matrix("x", 5, 4);
  const w = matrix("w", 4, 3);

  it("are nothing where inputs are enough", () => {
    const { residuals, backward } = split(matmul(x, w), [x, w]);
    expect(residuals).toEqual({});
    expect(inputNames(backward)).toEqual(["dy", "w", "x"]);
  });

  it("are a result that the derivative reads, once", () => {
    const { residuals, backward } = split(exp(matmul(x, w)), [x, w]);
    expect(shapesOf(residuals)).toEqual(["5x3"]);
    expect(inputNames(backward)).toEqual(["dy", "residual.0", "w", "x"]);
    const types = topologicalOrder(backward).map(({ type }) => type);
    expect(types).not.toContain("Exp");
  });

  it("are places in 32 bits, not the 64 that they are found in", () => {
    const y = exp(matmul(x, w));
    const { residuals } = split(gatherElements(y, largest(y, 2), -1), [x, w]);
    const kept = Object.values(residuals).map(({ dtype, shape }) => `${dtype} ${shape.join("x")}`);
    expect(kept.toSorted()).toEqual(["float32 5x3", "int32 5x2"]);
  });

  it("are what a free rearrangement was made of", () => {
    const y = exp(matmul(x, w));
    const { residuals } = split(matmul(matrixTranspose(reshape(y, [3, 5])), matrix("v", 3, 2)), [
      matrix("v", 3, 2),
      w,
    ]);
    expect(Object.values(residuals).map((value) => topologicalOrder([value]).at(-1)?.type)).toEqual(
      ["Exp"],
    );
  });

  it("are nothing that constants alone make", () => {
    const { residuals } = split(mul(x, exp(constant(normalTensor(1, [4])))), [x]);
    expect(residuals).toEqual({});
  });

  it("are no scaled constants, and no masks that are inputs", () => {
    const masks = { mask: (name: string) => input(name, "uint8", [5, 4]) };
    const { residuals, backward } = split(dropout(x, "mask", 0.5, masks), [x]);
    expect(residuals).toEqual({});
    expect(inputNames(backward)).toEqual(["dy", "mask"]);
  });

  it("include outputs of the backward pass that depend on no cotangent", () => {
    const early = mul(x, x);
    const { residuals, backward } = splitAtResiduals(
      [early, cast(x, "float64")],
      isLate,
      EVERYTHING,
    );
    expect(Object.values(residuals)).toEqual([early]);
    expect(inputNames(backward)).toEqual(["residual.0", "x"]);
  });

  it("of a FLORA accumulator are A Xᵀ, where X is not needed otherwise", () => {
    // X is computed here and read by the weight's gradient alone.
    const hidden = mul(x, matrix("other", 5, 4));
    const projection = {
      side: "rows",
      rank: 2,
      dimension: 4,
      family: "gaussian",
    } as const;
    const rule = accumulator([4, 3], { projection });
    const [gradient = w] = vjp([matmul(hidden, w)], [matrix("dy", 5, 3)], [w]);
    const sum = matrix("acc", 2, 3);
    const { sum: next = sum } = rule.accumulate({ sum }, gradient, matrix("a", 2, 4));
    const compressed = splitAtResiduals(optimize([next]), isLate, EVERYTHING);
    expect(shapesOf(compressed.residuals)).toEqual(["2x5"]); // A Xᵀ
    expect(inputNames(compressed.backward)).toEqual(["acc", "dy", "residual.0"]);

    const whole = optimize([add(matrix("acc", 4, 3), gradient)]);
    const dense = splitAtResiduals(whole, isLate, EVERYTHING);
    expect(shapesOf(dense.residuals)).toEqual(["5x4"]);
  });

  it("of a FLORA accumulator include X where its own gradient needs it", () => {
    const hidden = sigmoid(x);
    const projection = { side: "rows", rank: 2, dimension: 4, family: "gaussian" } as const;
    const rule = accumulator([4, 3], { projection });
    const [dx = x, gradient = w] = vjp([matmul(hidden, w)], [matrix("dy", 5, 3)], [x, w]);
    const sum = matrix("acc", 2, 3);
    const { sum: next = sum } = rule.accumulate({ sum }, gradient, matrix("a", 2, 4));
    const { residuals } = splitAtResiduals(optimize([dx, next]), isLate, EVERYTHING);
    expect(shapesOf(residuals).toSorted()).toEqual(["2x5", "5x4"]); // A Xᵀ and X
  });
});

describe.each([12, 144])("a GPT-2 block with dropout, %i wide", (width) => {
  const model = gpt2({
    vocab_size: 11,
    n_positions: 8,
    n_embd: width,
    n_layer: 1,
    n_head: 3,
    resid_pdrop: 0.2,
    attn_pdrop: 0.3,
  });
  const stage = model.stages[1];
  if (!stage) throw new Error("no block");
  const shapes: Record<string, readonly number[]> = { x: [2, 6, width], dy: [2, 6, width] };
  const params: Tensors = mapTensors(stage.params, (full, name) => {
    const { shape = [] } = model.params.get(full) ?? {};
    shapes[name] = shape;
    return input(name, "float32", shape);
  });
  const masks = {
    mask(name: string, shape: Value["shape"]) {
      shapes[`mask:${name}`] = shape.map(Number);
      return input(`mask:${name}`, "uint8", shape);
    },
  };

  it.each([
    // Of the narrow block no product is over enough numbers.
    { recompute: "cheap", kept: width === 12 ? [] : ["12x144", "12x432", "12x576"] },
    { recompute: "none", kept: undefined },
  ] as const)("has the gradients of a joint pass, recompute $recompute", async (mode) => {
    const x = matrix("x", 2, 6, width);
    const y = stage.forward(x, params, { masks });
    const names = ["x", ...Object.keys(params)];
    const wrt = [x, ...Object.values(params)];
    const gradients = vjp([y], [matrix("dy", 2, 6, width)], wrt);
    const feeds: Record<string, HostTensor> = Object.fromEntries(
      Object.entries(shapes).map(([name, shape], i) => {
        const count = shape.reduce((n, dim) => n * dim, 1);
        const bits = Uint8Array.from(integerNumbers(i, count, 4), (n) => Number(n > 0));
        return [
          name,
          name.startsWith("mask:")
            ? hostTensor("uint8", shape, bits)
            : normalTensor(i + 100, shape),
        ];
      }),
    );
    const named = (values: readonly Value[]): Tensors =>
      Object.fromEntries(values.map((value, i) => [`d:${names[i]}`, value]));
    const joint = await runGraph({ y, ...named(gradients) }, feeds);

    const [forwardY = y, ...values] = optimize([y, ...gradients]);
    const { residuals, backward } = splitAtResiduals(
      values,
      isLate,
      keptUnder(mode.recompute, [forwardY]),
    );
    if (mode.kept) expect(shapesOf(residuals).toSorted()).toEqual(mode.kept);
    else expect(Object.keys(residuals).length).toBeGreaterThan(3);
    const forward = await runGraph({ y: forwardY, ...residuals }, feeds);
    expect(inputNames(backward)).toEqual(expect.arrayContaining(Object.keys(residuals)));
    const back = await runGraph(named(backward), { ...feeds, ...forward });

    expectClose(numbersOf(tensorNamed(forward, "y")), numbersOf(tensorNamed(joint, "y")), FLOAT32);
    for (const name of Object.keys(named(gradients))) {
      const expected = numbersOf(tensorNamed(joint, name));
      expectClose(numbersOf(tensorNamed(back, name)), expected, FLOAT32, { what: name });
      expect(tensorAt(named(gradients), name).shape).toEqual(tensorNamed(back, name).shape);
    }
  });

  it("keeps nothing that is as long as the product of two lengths but the probabilities", () => {
    const x = matrix("x", 2, 6, width);
    const y = stage.forward(x, params, { masks });
    const gradients = vjp([y], [matrix("dy", 2, 6, width)], [x, ...Object.values(params)]);
    const { residuals } = splitAtResiduals(optimize(gradients), isLate, EVERYTHING);
    const square = shapesOf(residuals).filter((shape) => shape.endsWith("6x6"));
    expect(square.length).toBeLessThanOrEqual(2);
  });
});
