/** @file Positions in a sequence. */

import { constant, type Value } from "../../graph/value.ts";
import { int32 } from "../../tensor/host-tensor.ts";
import { staticShape } from "../../tensor/shape.ts";

/** 0 to T - 1, [T], int32. */
export const range = (length: number): Value =>
  constant(
    int32(
      [length],
      Int32Array.from({ length }, (_, i) => i),
    ),
  );

/** T of ids [B, T] or of hidden states [B, T, C]. */
export const lengthOf = (x: Value): number => staticShape("length", x.shape)[1] ?? 0;
