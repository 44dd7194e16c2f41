/** @file Running sums along an axis, ONNX `CumSum`; the adjoint runs the other way. */

import { defineOp } from "../graph/op.ts";
import type { Value } from "../graph/value.ts";
import { hostTensor } from "../tensor/host-tensor.ts";
import { normalizeAxis } from "../tensor/shape.ts";

interface ScanAttrs {
  readonly axis: number;
  /** From the end. */
  readonly reverse: boolean;
}

const CumSum = defineOp<readonly [x: Value], ScanAttrs>({
  type: "CumSum",
  infer: ([x]) => ({ dtype: x.dtype, shape: x.shape }),
  vjp: (dy, _, __, { axis, reverse }) => [scan(dy, { axis, reverse: !reverse })],
  onnx: ({ axis, reverse }) => ({
    attributes: { reverse: { kind: "int", value: Number(reverse) } },
    operands: [hostTensor("int32", [], Int32Array.of(axis))],
  }),
});

const scan = (x: Value, attrs: ScanAttrs): Value => CumSum([x], attrs);

/** Each element plus all before it on the axis. */
export const cumulativeSum = (x: Value, axis: number): Value =>
  scan(x, { axis: normalizeAxis("cumulativeSum", x.shape, axis), reverse: false });
