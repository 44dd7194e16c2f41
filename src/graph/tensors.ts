/** @file Flat dictionaries of values, keyed by parameter name: what optimizers see. */

import type { Value } from "./value.ts";
import { GraphError } from "../errors.ts";

/** Values by name. */
export type Tensors = Readonly<Record<string, Value>>;

/** A dictionary with the same names. */
export const mapTensors = <T, U>(
  tensors: Readonly<Record<string, T>>,
  f: (value: T, name: string) => U,
): Record<string, U> =>
  Object.fromEntries(Object.entries(tensors).map(([name, v]) => [name, f(v, name)]));

/** @throws {GraphError} if a name of `a` is missing from `b`. */
export const zipTensors = (
  a: Tensors,
  b: Tensors,
  f: (a: Value, b: Value, name: string) => Value,
): Tensors => mapTensors(a, (value, name) => f(value, tensorAt(b, name), name));

/** @throws {GraphError} if there is no tensor of that name. */
export function tensorAt(tensors: Tensors, name: string): Value {
  const value = tensors[name];
  if (value) return value;
  throw new GraphError(`tensors: no tensor "${name}"`);
}
