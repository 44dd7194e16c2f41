/**
 * @file Activations.
 *
 *   gelu(x)     = x Φ(x) = x (1 + erf(x / √2)) / 2                 Hendrycks & Gimpel, 2016, arXiv:1606.08415
 *   geluTanh(x) = x (1 + tanh(u)) / 2 = x σ(2u),  u = √(2/π) (x + 0.044715 x³)
 *   silu(x)     = x σ(x)
 */

import { UsageError } from "../errors.ts";
import { customVjp } from "../graph/op.ts";
import { scalarLike, type Value } from "../graph/value.ts";
import { add, erf, max, mul, scale, shift, sigmoid, sub } from "../ops/elementwise.ts";

const A = 2 * Math.sqrt(2 / Math.PI);
const B = A * 0.044715;

/** σ(2u), with 2u = A x + B x³. */
const gate = (x: Value): Value => sigmoid(mul(x, shift(scale(mul(x, x), B), A)));

const GeluTanh = customVjp<readonly [x: Value]>("geluTanh", {
  body: ([x]) => mul(x, gate(x)),
  // d/dx x σ(z) = σ + x σ (1 - σ) z',  z' = A + 3 B x²;  fewer passes than the derivative of the parts.
  vjp(dy, [x], y) {
    const s = gate(x);
    const slope = shift(scale(mul(x, x), 3 * B), A);
    const rest = mul(mul(y, sub(scalarLike(s, 1), s)), slope);
    return [mul(dy, add(s, rest))];
  },
});

/** GELU in its tanh form, `gelu_new` of GPT-2. */
export const geluTanh = (x: Value): Value => GeluTanh([x]);

/** GELU with the error function. */
export const gelu = (x: Value): Value => mul(scale(x, 0.5), shift(erf(scale(x, Math.SQRT1_2)), 1));

const Silu = customVjp<readonly [x: Value]>("silu", {
  body: ([x]) => mul(x, sigmoid(x)),
  // d/dx x σ(x) = σ + y (1 - σ): one array to keep for it, where the parts of the product need three.
  vjp(dy, [x], y) {
    const s = sigmoid(x);
    return [mul(dy, add(s, mul(y, sub(scalarLike(s, 1), s))))];
  },
});

export const silu = (x: Value): Value => Silu([x]);

export const relu = (x: Value): Value => max(x, scalarLike(x, 0));

export type Activation = (x: Value) => Value;

/** Activations by the names that config files give them. */
const ACTIVATIONS: ReadonlyMap<string, Activation> = new Map([
  ["gelu", gelu],
  ["gelu_fast", geluTanh],
  ["gelu_new", geluTanh],
  ["gelu_pytorch_tanh", geluTanh],
  ["relu", relu],
  ["silu", silu],
  ["swish", silu],
]);

export const ACTIVATION_NAMES: readonly string[] = [...ACTIVATIONS.keys()];

/** The activation of that name in a config file. @throws {UsageError} if there is none. */
export function activationOf(name: string): Activation {
  const activation = ACTIVATIONS.get(name);
  if (activation) return activation;
  throw new UsageError(`activation: must be one of ${ACTIVATION_NAMES.join(", ")}; got ${name}`);
}
