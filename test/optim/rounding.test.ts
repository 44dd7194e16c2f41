/** Rounding to sixteen bits, against the host's (whose golden comes from NumPy), and in the mean. */

import { describe, expect, it } from "vitest";
import { input } from "../../src/graph/value.ts";
import {
  type HalfDType,
  noiseBits,
  roundStochastically,
  roundToNearest,
} from "../../src/optim/rounding.ts";
import { cast } from "../../src/ops/elementwise.ts";
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from "../../src/tensor/half.ts";
import { asFloat32, float32, hostTensor } from "../../src/tensor/host-tensor.ts";
import { runGraph, tensorNamed } from "../support/graph.ts";
import { integerNumbers, normals, uniforms } from "../support/random.ts";
import { keepsNarrow } from "../support/device.ts";

const HOST = {
  float16: {
    narrow: float32ToFloat16,
    widen: float16ToFloat32,
    fractionBits: 10,
    smallest: -14,
  },
  bfloat16: {
    narrow: float32ToBfloat16,
    widen: bfloat16ToFloat32,
    fractionBits: 7,
    smallest: -126,
  },
} as const;

const COUNT = 4096;
/** Numbers of all sizes that weights have. */
function samples(seed: number): Float32Array {
  const [normal, uniform] = [normals(seed), uniforms(seed + 1)];
  return Float32Array.from({ length: COUNT }, () => normal() * 2 ** (-12 * uniform()));
}

/** `repeats` draws of every number, rounded at random. */
async function rounded(values: Float32Array, dtype: HalfDType, repeats: number, seed: number) {
  const shape = [repeats, values.length];
  const x = input("x", "float32", [1, values.length]);
  const noise = input("noise", "uint16", shape);
  const bits = Uint16Array.from(
    integerNumbers(seed, repeats * values.length, 2 ** noiseBits(dtype)),
  );
  const result = await runGraph(
    { y: cast(roundStochastically(x, noise, dtype), "float32") },
    { x: float32([1, values.length], values), noise: hostTensor("uint16", shape, bits) },
  );
  return asFloat32(tensorNamed(result, "y"));
}

describe.skipIf(!keepsNarrow).each(["float16", "bfloat16"] as const)("%s", (dtype) => {
  const { narrow, widen, fractionBits, smallest } = HOST[dtype];

  it("is rounded to the nearest as on the host", async () => {
    const values = samples(1);
    const x = input("x", "float32", [COUNT]);
    const result = await runGraph({ y: roundToNearest(x, dtype) }, { x: float32([COUNT], values) });
    expect(tensorNamed(result, "y").dtype).toBe(dtype);
    expect(tensorNamed(result, "y").data).toEqual(narrow(values));
  });

  it("is rounded at random to one of two neighbours, whose mean is the number", async () => {
    const values = samples(2);
    const repeats = 1024;
    const all = await rounded(values, dtype, repeats, 3);
    let [deviations, tooFar] = [0, 0];
    for (const [i, value] of values.entries()) {
      const draws = Array.from({ length: repeats }, (_, k) => all[k * COUNT + i] ?? NaN);
      const different = [...new Set(draws)];
      expect(different.length).toBeLessThanOrEqual(2);
      // Every draw is a number of the type, and less than a step away.
      expect(widen(narrow(Float32Array.from(different)))).toEqual(Float32Array.from(different));
      const exponent = Math.max(Math.floor(Math.log2(Math.abs(value))), smallest);
      const step = 2 ** (exponent - fractionBits);
      expect(different.every((draw) => Math.abs(draw - value) < step)).toBe(true);
      const mean = draws.reduce((sum, draw) => sum + draw, 0) / repeats;
      // A draw is off by half a step at most in root mean square.
      const z = (mean - value) / ((step / 2) * repeats ** -0.5);
      deviations += z;
      if (Math.abs(z) > 5) tooFar += 1;
    }
    expect(tooFar).toBe(0);
    // The z of 4096 numbers have a mean of deviation 1/64 at most.
    expect(Math.abs(deviations / COUNT)).toBeLessThan(4 / 64);
  });

  it("keeps what needs no rounding, 0 and powers of 2 among it", async () => {
    const exact = widen(narrow(samples(4)));
    exact.set([0, 1, -1, 0.5, 2 ** -14, -(2 ** -10), 1.5]);
    const repeats = 64;
    const all = await rounded(exact, dtype, repeats, 5);
    for (let k = 0; k < repeats; k += 1) {
      const same = exact.every((value, i) => all[k * COUNT + i] === value);
      expect(same).toBe(true);
    }
  });
});
