/** @file Inputs of exported graphs: tokens of any number, and weights by name. */

import { GraphError } from "../../errors.ts";
import { input, type Value } from "../../graph/value.ts";
import type { Model } from "../../models/model.ts";
import { cast, scale, shift } from "../../ops/elementwise.ts";
import { cumulativeSum } from "../../ops/scan.ts";
import type { Shape } from "../../tensor/shape.ts";

/** Names of dimensions; transformers.js knows the first, and begins with 0 where it knows none. */
export const BATCH = "batch_size";
export const LENGTH = "sequence_length";
export const PAST = "past_sequence_length";
export const SOURCE = "encoder_sequence_length";
/** As the length of what is joined is named. */
export const TOTAL: string = `${PAST}+${LENGTH}`;

/** Integers as JavaScript's tokenizers give them, int64, for graphs that count in int32. */
export const tokens = (name: string, shape: Shape): Value =>
  cast(input(name, "int64", shape), "int32");

/** 0 to T - 1 in every row, of ids [B, T]. */
export const places = (ids: Value): Value => shift(cumulativeSum(shift(scale(ids, 0), 1), 1), -1);

/** Each parameter as one value. */
export function weightsOf({ params }: Model): (name: string) => Value {
  const values = new Map(
    [...params].map(([name, { shape }]) => [name, input(name, "float32", shape)] as const),
  );
  return (name) => {
    const value = values.get(name);
    if (value) return value;
    throw new GraphError(`export: the model has no parameter "${name}"`);
  };
}
