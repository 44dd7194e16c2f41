/**
 * @file Matrix product, ONNX `MatMul`.
 *
 *   y  = a · b
 *   da = dy · bᵀ
 *   db = aᵀ · dy
 *
 * Leading axes are batch axes and broadcast as in NumPy. The vjp returns cotangents of the broadcast operands; `grad` sums
 * them back to the shapes of a and b.
 */

import { DTypeError, ShapeError } from "../errors.ts";
import { defineOp } from "../graph/op.ts";
import type { Value } from "../graph/value.ts";
import { broadcastShapes, matrixDims } from "../tensor/shape.ts";
import { foldBatch, matrixTranspose } from "./movement.ts";

const MatMul = defineOp<readonly [a: Value, b: Value]>({
  type: "MatMul",

  infer([a, b]) {
    const [m, k] = matrixDims("matmul", a.shape);
    const [kb, n] = matrixDims("matmul", b.shape);
    if (k !== kb) {
      throw new ShapeError("matmul: inner dimensions differ", { a: a.shape, b: b.shape });
    }
    if (a.dtype !== b.dtype) {
      throw new DTypeError("matmul: element types differ", { a: a.dtype, b: b.dtype });
    }
    const batch = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
    return { dtype: a.dtype, shape: [...batch, m, n] };
  },

  vjp(dy, [a, b]) {
    const da = matmul(dy, matrixTranspose(b));
    // A weight shared by the batch: contract over it, rather than sum a batch of products.
    const shared = b.shape.length === 2;
    const db = shared
      ? matmul(matrixTranspose(foldBatch(a)), foldBatch(dy))
      : matmul(matrixTranspose(a), dy);
    return [da, db];
  },
});

/**
 * Matrix product over the last two axes.
 *
 * @param a - [..., M, K]
 * @param b - [..., K, N]
 * @returns [..., M, N]
 * @throws {ShapeError} if an operand has rank < 2, or K or the batch axes disagree.
 */
export const matmul = (a: Value, b: Value): Value => MatMul([a, b], undefined);
