/** Activations by name; their numbers are in test/ops. */

import { expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { activationOf, gelu, geluTanh, relu, silu } from "../../src/nn/activation.ts";

it.each([
  ["gelu", gelu],
  ["gelu_fast", geluTanh],
  ["gelu_new", geluTanh],
  ["gelu_pytorch_tanh", geluTanh],
  ["relu", relu],
  ["silu", silu],
  ["swish", silu],
])("%s is known", (name, f) => {
  expect(activationOf(name)).toBe(f);
});

it("refuses another name, and says which there are", () => {
  expect(() => activationOf("quick_gelu")).toThrow(UsageError);
  expect(() => activationOf("quick_gelu")).toThrow(
    "activation: must be one of gelu, gelu_fast, gelu_new, gelu_pytorch_tanh, relu, silu, swish; got quick_gelu",
  );
});
