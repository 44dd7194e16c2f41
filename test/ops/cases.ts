/**
 * One row for each operator, and for each function of `nn` that composes them: how to build it from the inputs and options of
 * a case. The cases are PyTorch's, in test/golden/ops/, or stand with the row where PyTorch has no such function.
 */

import { readdirSync, readFileSync } from "node:fs";
import type { Value } from "../../src/graph/value.ts";
import { gelu, geluTanh, relu, silu } from "../../src/nn/activation.ts";
import { multiHeadAttention } from "../../src/nn/attention/attention.ts";
import { causalBias, paddingBias, slidingBias } from "../../src/nn/attention/attention-bias.ts";
import { crossEntropy, logSumExp } from "../../src/nn/loss.ts";
import { rotary } from "../../src/nn/attention/rotary.ts";
import * as ops from "../../src/ops/index.ts";
import type { DType } from "../../src/tensor/dtype.ts";

export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export interface TypedTensor extends GoldenTensor {
  readonly dtype: DType;
}

/** Every operator reads its own subset. */
export interface Options {
  readonly attentionScaling: number;
  readonly after: number;
  readonly axes: readonly number[];
  readonly axis: number;
  readonly before: number;
  readonly count: number;
  readonly dtype: DType;
  readonly end: number;
  readonly eps: number;
  readonly exponent: number;
  readonly factor: number;
  readonly heads: number;
  readonly inverseFrequencies: readonly number[];
  readonly keepDims: boolean;
  readonly kvHeads: number;
  readonly offset: number;
  readonly parts: number;
  readonly permutation: readonly number[];
  readonly scale: number;
  readonly shape: readonly number[];
  readonly softcap: number;
  readonly start: number;
  readonly value: number;
  readonly window: number;
}

export interface Case {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly TypedTensor[];
  readonly options: Partial<Options>;
  readonly outputs: readonly TypedTensor[];
  /** Null for outputs that are not float. */
  readonly cotangents: readonly (readonly number[] | null)[];
  /** Null for inputs that are not float, or that no gradient reaches. */
  readonly grads: readonly (GoldenTensor | null)[];
}

type Build = (inputs: readonly Value[], options: Options) => Value | readonly Value[];

const unary =
  (f: (x: Value) => Value): Build =>
  (inputs) =>
    f(at(inputs, 0));
const binary =
  (f: (a: Value, b: Value) => Value): Build =>
  (inputs) =>
    f(at(inputs, 0), at(inputs, 1));
const ternary =
  (f: (a: Value, b: Value, c: Value) => Value): Build =>
  (inputs) =>
    f(at(inputs, 0), at(inputs, 1), at(inputs, 2));
/** x, and the options where the function has them. */
const withOptions =
  (f: (x: Value, options: Options) => Value | readonly Value[]): Build =>
  (inputs, options) =>
    f(at(inputs, 0), options);

function at(inputs: readonly Value[], index: number): Value {
  const value = inputs[index];
  if (value) return value;
  throw new Error(`no input ${index}`);
}

/** The operators of `src/ops`. */
export const OPS: Readonly<Record<string, Build>> = {
  abs: unary(ops.abs),
  round: unary(ops.round),
  add: binary(ops.add),
  cast: withOptions((x, { dtype }) => ops.cast(x, dtype)),
  cos: unary(ops.cos),
  concat: (inputs, { axis }) => ops.concat(inputs, axis),
  cumulativeSum: withOptions((x, { axis }) => ops.cumulativeSum(x, axis)),
  div: binary(ops.div),
  equal: binary(ops.equal),
  erf: unary(ops.erf),
  exp: unary(ops.exp),
  expand: withOptions((x, { shape }) => ops.expand(x, shape)),
  fill: withOptions((x, { value, shape }) => ops.fill(x, value, shape)),
  foldBatch: unary(ops.foldBatch),
  gather: (inputs, { axis }) => ops.gather(at(inputs, 0), at(inputs, 1), axis),
  gatherElements: (inputs, { axis }) => ops.gatherElements(at(inputs, 0), at(inputs, 1), axis),
  largest: withOptions((x, { count }) => ops.largest(x, count)),
  layerNorm: (inputs, { eps }) => ternary((x, w, b) => ops.layerNorm(x, w, b, eps))(inputs, none),
  less: binary(ops.less),
  log: unary(ops.log),
  matmul: binary(ops.matmul),
  matrixTranspose: unary(ops.matrixTranspose),
  max: binary(ops.max),
  min: binary(ops.min),
  mul: binary(ops.mul),
  neg: unary(ops.neg),
  pad: withOptions(ops.pad),
  pow: withOptions((x, { exponent }) => ops.pow(x, exponent)),
  reduceMax: withOptions(ops.reduceMax),
  reduceMean: withOptions(ops.reduceMean),
  reduceSum: withOptions(ops.reduceSum),
  reshape: withOptions((x, { shape }) => ops.reshape(x, shape)),
  rmsNorm: (inputs, { eps }) => binary((x, w) => ops.rmsNorm(x, w, eps))(inputs, none),
  scale: withOptions((x, { factor }) => ops.scale(x, factor)),
  scatterAdd: ternary(ops.scatterAdd),
  scatterElementsAdd: (inputs, { axis }) =>
    ternary((x, i, u) => ops.scatterElementsAdd(x, i, u, axis))(inputs, none),
  shift: withOptions((x, { offset }) => ops.shift(x, offset)),
  sigmoid: unary(ops.sigmoid),
  sin: unary(ops.sin),
  slice: withOptions(ops.slice),
  softmax: unary(ops.softmax),
  split: withOptions((x, { parts, axis }) => ops.split(x, parts, axis)),
  sqrt: unary(ops.sqrt),
  sub: binary(ops.sub),
  sumSquares: withOptions(ops.sumSquares),
  tanh: unary(ops.tanh),
  transpose: withOptions((x, { permutation }) => ops.transpose(x, permutation)),
  unsqueeze: withOptions((x, { axis }) => ops.unsqueeze(x, axis)),
  where: ternary(ops.where),
};

/** Functions of `src/nn` without parameters. */
const FUNCTIONS: Readonly<Record<string, Build>> = {
  attention: (inputs, options) =>
    ternary((q, k, v) => multiHeadAttention(q, k, v, options))(inputs, none),
  causalAttention: (inputs, { heads }) =>
    ternary((q, k, v) =>
      multiHeadAttention(q, k, v, { heads, bias: causalBias(q, Number(q.shape[1])) }),
    )(inputs, none),
  crossEntropy: ternary(crossEntropy),
  gelu: unary(gelu),
  geluTanh: unary(geluTanh),
  logSumExp: unary(logSumExp),
  paddedAttention: (inputs, { heads, kvHeads }) =>
    ternary((q, k, v) => {
      const bias = paddingBias(q, at(inputs, 3));
      return multiHeadAttention(q, k, v, { heads, kvHeads, bias });
    })(inputs, none),
  relu: unary(relu),
  rotary: (inputs, options) => binary((x, p) => rotary(x, p, options))(inputs, none),
  silu: unary(silu),
  slidingAttention: (inputs, { heads, window }) =>
    ternary((q, k, v) => {
      const bias = slidingBias(q, Number(q.shape[1]), window);
      return multiHeadAttention(q, k, v, { heads, bias });
    })(inputs, none),
};

const GOLDEN = "test/golden/ops";
const golden: readonly Case[] = readdirSync(GOLDEN).flatMap(
  (file) => JSON.parse(readFileSync(`${GOLDEN}/${file}`, "utf8")).cases,
);

const float = (shape: readonly number[], data: readonly number[]): TypedTensor => ({
  dtype: "float64",
  shape,
  data,
});
const index = (shape: readonly number[], data: readonly number[]): TypedTensor => ({
  dtype: "int32",
  shape,
  data,
});

/** erf'(0) */
const ERF_SLOPE = 2 / Math.sqrt(Math.PI);

/** Rearrangements and sums of small numbers, worked out by hand; erf(1/2) is from tables (DLMF 7.23, to 16 digits). */
const BY_HAND: readonly Case[] = [
  {
    name: "matrixTranspose/rank-3",
    op: "matrixTranspose",
    inputs: [float([2, 1, 2], [1, 2, 3, 4])],
    options: {},
    outputs: [float([2, 2, 1], [1, 2, 3, 4])],
    cotangents: [[5, 6, 7, 8]],
    grads: [float([2, 1, 2], [5, 6, 7, 8])],
  },
  {
    name: "matrixTranspose/matrix",
    op: "matrixTranspose",
    inputs: [float([2, 3], [1, 2, 3, 4, 5, 6])],
    options: {},
    outputs: [float([3, 2], [1, 4, 2, 5, 3, 6])],
    cotangents: [[1, 2, 3, 4, 5, 6]],
    grads: [float([2, 3], [1, 3, 5, 2, 4, 6])],
  },
  {
    name: "foldBatch/rank-4",
    op: "foldBatch",
    inputs: [float([2, 1, 2, 1], [1, 2, 3, 4])],
    options: {},
    outputs: [float([4, 1], [1, 2, 3, 4])],
    cotangents: [[5, 6, 7, 8]],
    grads: [float([2, 1, 2, 1], [5, 6, 7, 8])],
  },
  {
    name: "fill/matrix",
    op: "fill",
    inputs: [float([3], [1, 2, 3])],
    options: { value: 0.5, shape: [1, 2] },
    outputs: [float([1, 2], [0.5, 0.5])],
    cotangents: [[1, 1]],
    grads: [null],
  },
  {
    name: "gather/last-axis-of-rank-3",
    op: "gather",
    inputs: [float([1, 2, 3], [1, 2, 3, 4, 5, 6]), index([2], [2, 2])],
    options: { axis: 2 },
    outputs: [float([1, 2, 2], [3, 3, 6, 6])],
    cotangents: [[1, 2, 3, 4]],
    grads: [float([1, 2, 3], [0, 0, 3, 0, 0, 7]), null],
  },
  {
    name: "scatterElementsAdd/columns-with-duplicates",
    op: "scatterElementsAdd",
    inputs: [
      float([2, 3], [1, 2, 3, 4, 5, 6]),
      index([2, 2], [2, 2, 0, 1]),
      float([2, 2], [10, 20, 30, 40]),
    ],
    options: { axis: 1 },
    outputs: [float([2, 3], [1, 2, 33, 34, 45, 6])],
    cotangents: [[1, 2, 3, 4, 5, 6]],
    grads: [float([2, 3], [1, 2, 3, 4, 5, 6]), null, float([2, 2], [3, 3, 4, 5])],
  },
  {
    name: "erf/three",
    op: "erf",
    inputs: [float([3], [0, 0.5, -0.5])],
    options: {},
    outputs: [float([3], [0, 0.5204998778130465, -0.5204998778130465])],
    cotangents: [[1, 2, 3]],
    grads: [
      float(
        [3],
        [1, 2 * Math.exp(-0.25), 3 * Math.exp(-0.25)].map((x) => x * ERF_SLOPE),
      ),
    ],
  },
];

export const CASES: readonly Case[] = [...golden, ...BY_HAND];

const none: Options = JSON.parse("{}");

/** The outputs of a case. @throws if its operator has no row. */
export function build({ op, options }: Case, inputs: readonly Value[]): readonly Value[] {
  const row = OPS[op] ?? FUNCTIONS[op];
  if (!row) throw new Error(`no row for ${op}`);
  const outputs = row(inputs, { ...none, ...options });
  return Array.isArray(outputs) ? outputs : [outputs].flat();
}
