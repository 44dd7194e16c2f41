/**
 * @file Elementwise operators with broadcasting, each with its derivative. The vjp gives cotangents of the broadcast operands; `grad`
 * sums them back to the operands' own shapes.
 */

import { DTypeError } from "../errors.ts";
import { defineOp } from "../graph/op.ts";
import { scalarLike, type Value, type ValueType } from "../graph/value.ts";
import { allocate, type DType, isFloat } from "../tensor/dtype.ts";
import { type HostTensor, hostTensor, scalarTensor } from "../tensor/host-tensor.ts";
import { broadcastShapes } from "../tensor/shape.ts";

type Unary = readonly [x: Value];
type Binary = readonly [a: Value, b: Value];

function inferBinary(op: string, [a, b]: Binary): ValueType {
  if (a.dtype !== b.dtype) {
    throw new DTypeError(`${op}: element types differ`, { a: a.dtype, b: b.dtype });
  }
  return { dtype: a.dtype, shape: broadcastShapes(op, a.shape, b.shape) };
}

function inferFloat(op: string, [x]: Unary): ValueType {
  if (!isFloat(x.dtype)) throw new DTypeError(`${op}: needs floats`, { x: x.dtype });
  return { dtype: x.dtype, shape: x.shape };
}

/** Folds scalars only: everything larger is onnxruntime's to fold, and would make the model larger. */
const foldScalars =
  (f: (...operands: readonly number[]) => number) =>
  (tensors: readonly HostTensor[]): HostTensor | undefined => {
    const [first] = tensors;
    if (!first || tensors.some(({ data }) => data.length !== 1)) return undefined;
    const data = allocate(first.dtype, 1);
    if (data instanceof BigInt64Array) return undefined;
    data[0] = f(...tensors.map((t) => Number(t.data[0])));
    const rank = Math.max(...tensors.map((t) => t.shape.length));
    return hostTensor(
      first.dtype,
      Array.from({ length: rank }, () => 1),
      data,
    );
  };

const Add = defineOp<Binary>({
  type: "Add",
  infer: (inputs) => inferBinary("add", inputs),
  vjp: (dy) => [dy, dy],
  fold: foldScalars((a = 0, b = 0) => a + b),
});

const Sub = defineOp<Binary>({
  type: "Sub",
  infer: (inputs) => inferBinary("sub", inputs),
  vjp: (dy) => [dy, neg(dy)],
  fold: foldScalars((a = 0, b = 0) => a - b),
});

const Mul = defineOp<Binary>({
  type: "Mul",
  infer: (inputs) => inferBinary("mul", inputs),
  vjp: (dy, [a, b]) => [mul(dy, b), mul(dy, a)],
  fold: foldScalars((a = 0, b = 0) => a * b),
});

const Div = defineOp<Binary>({
  type: "Div",
  infer: (inputs) => inferBinary("div", inputs),
  vjp: (dy, [, b], y) => [div(dy, b), neg(div(mul(dy, y), b))],
  fold: foldScalars((a = 0, b = 1) => a / b),
});

/** Where the operands are equal the whole cotangent goes to the first. */
const Max = defineOp<Binary>({
  type: "Max",
  infer: (inputs) => inferBinary("max", inputs),
  vjp: (dy, [a, b]) => choose(less(a, b), dy),
});

const Min = defineOp<Binary>({
  type: "Min",
  infer: (inputs) => inferBinary("min", inputs),
  vjp: (dy, [a, b]) => choose(less(b, a), dy),
});

const choose = (second: Value, dy: Value) => {
  const zero = scalarLike(dy, 0);
  return [where(second, zero, dy), where(second, dy, zero)] as const;
};

const Neg = defineOp<Unary>({
  type: "Neg",
  infer: (inputs) => inferFloat("neg", inputs),
  vjp: (dy) => [neg(dy)],
  fold: foldScalars((x = 0) => -x),
});

const Abs = defineOp<Unary>({
  type: "Abs",
  infer: (inputs) => inferFloat("abs", inputs),
  vjp: (dy, [x]) => [where(less(x, scalarLike(x, 0)), neg(dy), dy)],
});

/** Its derivative is 0 almost everywhere. */
const Round = defineOp<Unary>({
  type: "Round",
  infer: (inputs) => inferFloat("round", inputs),
  vjp: () => [undefined],
});

const Exp = defineOp<Unary>({
  type: "Exp",
  infer: (inputs) => inferFloat("exp", inputs),
  vjp: (dy, _, y) => [mul(dy, y)],
});

const Log = defineOp<Unary>({
  type: "Log",
  infer: (inputs) => inferFloat("log", inputs),
  vjp: (dy, [x]) => [div(dy, x)],
});

const Sqrt = defineOp<Unary>({
  type: "Sqrt",
  infer: (inputs) => inferFloat("sqrt", inputs),
  vjp: (dy, _, y) => [div(mul(dy, scalarLike(y, 0.5)), y)],
  fold: foldScalars((x = 0) => Math.sqrt(x)),
});

const Tanh = defineOp<Unary>({
  type: "Tanh",
  infer: (inputs) => inferFloat("tanh", inputs),
  vjp: (dy, _, y) => [mul(dy, sub(scalarLike(y, 1), mul(y, y)))],
});

const Sigmoid = defineOp<Unary>({
  type: "Sigmoid",
  infer: (inputs) => inferFloat("sigmoid", inputs),
  vjp: (dy, _, y) => [mul(dy, mul(y, sub(scalarLike(y, 1), y)))],
});

const Sin = defineOp<Unary>({
  type: "Sin",
  infer: (inputs) => inferFloat("sin", inputs),
  vjp: (dy, [x]) => [mul(dy, cos(x))],
});

const Cos = defineOp<Unary>({
  type: "Cos",
  infer: (inputs) => inferFloat("cos", inputs),
  vjp: (dy, [x]) => [neg(mul(dy, sin(x)))],
});

const Erf = defineOp<Unary>({
  type: "Erf",
  infer: (inputs) => inferFloat("erf", inputs),
  vjp: (dy, [x]) => [mul(dy, scale(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI)))],
});

/** x^p for a constant exponent p. */
const Pow = defineOp<Unary, number>({
  type: "Pow",
  infer: (inputs) => inferFloat("pow", inputs),
  vjp: (dy, [x], _, exponent) => [mul(dy, scale(pow(x, exponent - 1), exponent))],
  onnx: (exponent, [x]) => ({ operands: [scalarTensor(x.dtype, exponent)] }),
});

const Where = defineOp<readonly [condition: Value, a: Value, b: Value]>({
  type: "Where",
  infer([condition, a, b]) {
    if (condition.dtype !== "bool") {
      throw new DTypeError("where: needs a bool condition", { condition: condition.dtype });
    }
    const { dtype, shape } = inferBinary("where", [a, b]);
    return { dtype, shape: broadcastShapes("where", condition.shape, shape) };
  },
  vjp(dy, [condition]) {
    const zero = scalarLike(dy, 0);
    return [undefined, where(condition, dy, zero), where(condition, zero, dy)];
  },
});

const Less = defineOp<Binary>({
  type: "Less",
  infer: (inputs) => ({ ...inferBinary("less", inputs), dtype: "bool" }),
});

const Equal = defineOp<Binary>({
  type: "Equal",
  infer: (inputs) => ({ ...inferBinary("equal", inputs), dtype: "bool" }),
});

/** ONNX's numbers for element types (TensorProto.DataType). */
export const ONNX_DTYPE: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  bfloat16: 16,
};

const Cast = defineOp<Unary, DType>({
  type: "Cast",
  infer: ([x], dtype) => ({ dtype, shape: x.shape }),
  vjp: (dy, [x]) => [isFloat(x.dtype) ? cast(dy, x.dtype) : undefined],
  onnx: (dtype) => ({ attributes: { to: { kind: "int", value: ONNX_DTYPE[dtype] } } }),
});

/** a + b, broadcast. */
export const add = (a: Value, b: Value): Value => Add([a, b], undefined);
/** a - b, broadcast. */
export const sub = (a: Value, b: Value): Value => Sub([a, b], undefined);
/** a b elementwise, broadcast. */
export const mul = (a: Value, b: Value): Value => Mul([a, b], undefined);
/** a / b, broadcast. */
export const div = (a: Value, b: Value): Value => Div([a, b], undefined);
/** The larger of a and b, broadcast. */
export const max = (a: Value, b: Value): Value => Max([a, b], undefined);
/** The smaller of a and b, broadcast. */
export const min = (a: Value, b: Value): Value => Min([a, b], undefined);

/** -x. */
export const neg = (x: Value): Value => Neg([x], undefined);

/** The absolute value of x; its derivative at 0 is taken as 1. */
export const abs = (x: Value): Value => Abs([x], undefined);
/** The nearest whole number, the even one of two. */
export const round = (x: Value): Value => Round([x], undefined);

/** e^x. */
export const exp = (x: Value): Value => Exp([x], undefined);
/** Natural logarithm. */
export const log = (x: Value): Value => Log([x], undefined);

/** √x. */
export const sqrt = (x: Value): Value => Sqrt([x], undefined);

/** tanh x. */
export const tanh = (x: Value): Value => Tanh([x], undefined);
/** 1 / (1 + e^-x). */
export const sigmoid = (x: Value): Value => Sigmoid([x], undefined);

/** sin x, x in radians. */
export const sin = (x: Value): Value => Sin([x], undefined);

/** cos x, x in radians. */
export const cos = (x: Value): Value => Cos([x], undefined);
/** The error function. */
export const erf = (x: Value): Value => Erf([x], undefined);
/** x^exponent for a constant exponent. */
export const pow = (x: Value, exponent: number): Value => Pow([x], exponent);
/** a where the condition holds, b elsewhere, broadcast. */
export const where = (condition: Value, a: Value, b: Value): Value =>
  Where([condition, a, b], undefined);
/** a < b as bool, broadcast. */
export const less = (a: Value, b: Value): Value => Less([a, b], undefined);
/** a = b as bool, broadcast. */
export const equal = (a: Value, b: Value): Value => Equal([a, b], undefined);
/** The same numbers in another element type. */
export const cast = (x: Value, dtype: DType): Value => (x.dtype === dtype ? x : Cast([x], dtype));
/** factor x, for a number. */
export const scale = (x: Value, factor: number): Value => mul(x, scalarLike(x, factor));
/** x + offset, for a number. */
export const shift = (x: Value, offset: number): Value => add(x, scalarLike(x, offset));
