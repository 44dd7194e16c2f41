/**
 * @file Rounded weights: as numbers again where they are used, and products with them for files that other runtimes read. None of it has
 * a derivative.
 *
 *   DequantizeLinear        s (q - z), a scale for each entry of an axis
 *   BitwiseAnd, BitShift    the halves of a byte
 *   DynamicQuantizeLinear   x ≈ s (q - z), q u8, for the range of x
 *   MatMulInteger           (qa - za) qb, i32
 *   MatMulNBits             x · Wᵀ, W in blocks of 32 numbers of 4 bits: w = s (q - 8); of onnxruntime
 */

import { ShapeError } from "../errors.ts";
import { defineMultiOp, defineOp } from "../graph/op.ts";
import type { Value } from "../graph/value.ts";
import { scalarTensor } from "../tensor/host-tensor.ts";
import { matrixDims } from "../tensor/shape.ts";

const DequantizeLinear = defineOp<readonly [q: Value, scales: Value, ...zeroPoints: Value[]]>({
  type: "DequantizeLinear",
  infer([q, scales, ...zeroPoints]) {
    for (const { shape } of [scales, ...zeroPoints]) {
      if (shape.length === 1 && shape[0] === q.shape[0]) continue;
      throw new ShapeError("dequantize: needs a scale for each row", { q: q.shape, s: shape });
    }
    return { dtype: "float32", shape: q.shape };
  },
  onnx: () => ({ attributes: { axis: { kind: "int", value: 0 } } }),
});

/**
 * s (q - z), row by row.
 *
 * @param q - [rows, ...], int8 or uint8
 * @param scales - s, [rows], float32
 * @param zeroPoints - z, [rows], of the type of q; 0 if absent
 * @throws {ShapeError} if they do not fit.
 */
export const dequantizeRows = (q: Value, scales: Value, zeroPoints?: Value): Value =>
  DequantizeLinear(zeroPoints ? [q, scales, zeroPoints] : [q, scales], undefined);

const BitwiseAnd = defineOp<readonly [x: Value], number>({
  type: "BitwiseAnd",
  infer: ([{ dtype, shape }]) => ({ dtype, shape }),
  onnx: (mask, [x]) => ({ operands: [scalarTensor(x.dtype, mask)] }),
});

const BitShift = defineOp<readonly [x: Value], number>({
  type: "BitShift",
  infer: ([{ dtype, shape }]) => ({ dtype, shape }),
  onnx: (count, [x]) => ({
    attributes: { direction: { kind: "string", value: "RIGHT" } },
    operands: [scalarTensor(x.dtype, count)],
  }),
});

/** The lower and the upper four bits of bytes, uint8. */
export const nibbles = (bytes: Value): readonly [lower: Value, upper: Value] => [
  BitwiseAnd([bytes], 15),
  BitShift([bytes], 4),
];

const DynamicQuantizeLinear = defineMultiOp<readonly [x: Value]>({
  type: "DynamicQuantizeLinear",
  infer: ([x]) => [
    { dtype: "uint8", shape: x.shape },
    { dtype: "float32", shape: [] },
    { dtype: "uint8", shape: [] },
  ],
});

/** q, s and z of x. */
export function quantizeDynamically(x: Value): {
  readonly quantized: Value;
  readonly scale: Value;
  readonly zeroPoint: Value;
} {
  const [quantized, scale, zeroPoint] = DynamicQuantizeLinear([x], undefined);
  if (!quantized || !scale || !zeroPoint) throw new Error("internal: three outputs expected");
  return { quantized, scale, zeroPoint };
}

const MatMulInteger = defineOp<readonly [a: Value, b: Value, zeroPoint: Value]>({
  type: "MatMulInteger",
  infer([a, b]) {
    const [m, k] = matrixDims("matmulInteger", a.shape);
    const [kb, n] = matrixDims("matmulInteger", b.shape);
    if (k !== kb || b.shape.length !== 2) {
      throw new ShapeError("matmulInteger: shapes do not fit", { a: a.shape, b: b.shape });
    }
    return { dtype: "int32", shape: [...a.shape.slice(0, -2), m, n] };
  },
});

/**
 * (a - z) · b in int32.
 *
 * @param a - [..., M, K], uint8
 * @param b - [K, N], int8
 * @param zeroPoint - z, a scalar, uint8
 * @throws {ShapeError} if K disagrees.
 */
export const matmulInteger = (a: Value, b: Value, zeroPoint: Value): Value =>
  MatMulInteger([a, b, zeroPoint], undefined);

/** Numbers of a block. */
export const NBITS_BLOCK = 32;

interface NBitsSizes {
  readonly rows: number;
  readonly columns: number;
}

const MatMulNBits = defineOp<readonly [x: Value, packed: Value, scales: Value], NBitsSizes>({
  type: "MatMulNBits",
  infer([x, packed, scales], { rows, columns }) {
    if (x.shape.at(-1) !== columns) {
      throw new ShapeError("matmulNBits: inner dimensions differ", {
        x: x.shape,
        w: [rows, columns],
      });
    }
    const blocks = Math.ceil(columns / NBITS_BLOCK);
    if (
      packed.shape.join() !== [rows, blocks, NBITS_BLOCK / 2].join() ||
      scales.shape[0] !== rows * blocks
    ) {
      throw new ShapeError("matmulNBits: shapes do not fit", {
        packed: packed.shape,
        scales: scales.shape,
      });
    }
    return { dtype: x.dtype, shape: x.shape.with(-1, rows) };
  },
  onnx: ({ rows, columns }) => ({
    domain: "com.microsoft",
    attributes: {
      K: { kind: "int", value: columns },
      N: { kind: "int", value: rows },
      bits: { kind: "int", value: 4 },
      block_size: { kind: "int", value: NBITS_BLOCK },
    },
  }),
});

/**
 * x · Wᵀ for W [N, K] in blocks of 4 bits.
 *
 * @param x - [..., K], float32
 * @param packed - [N, ⌈K / 32⌉, 16], uint8; the lower half of a byte is the earlier number
 * @param scales - [N ⌈K / 32⌉], float32
 * @returns [..., N]
 * @throws {ShapeError} if they do not fit.
 */
export const matmulNBits = (x: Value, packed: Value, scales: Value, sizes: NBitsSizes): Value =>
  MatMulNBits([x, packed, scales], sizes);
