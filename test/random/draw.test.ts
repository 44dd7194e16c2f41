import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import {
  fillBits,
  fillHalfWords,
  fillKeepMask,
  fillNormal,
  fillRademacher,
  fillUniform,
  foldIn,
  type Key,
  randomKey,
} from "../../src/random/index.ts";
import golden from "../golden/random.json" with { type: "json" };

const MILLION = 1_000_000;
/** Standard errors allowed; the seeds are fixed, so that a failure is no accident. */
const SIGMAS = 4;

const [high = 0, low = 0] = golden.key;
const goldenKey: Key = { high, low };
const key = foldIn(randomKey(7), "draw");

type Fill<T> = (key: Key, out: T) => void;
const normal: Fill<Float32Array> = (k, out) => fillNormal(k, out, 2);
const uniform: Fill<Float32Array> = (k, out) => fillUniform(k, out, -1, 3);
const rademacher: Fill<Float32Array> = (k, out) => fillRademacher(k, out, 0.5);

function drawn(fill: Fill<Float32Array>, length: number, from: Key = key): Float32Array {
  const out = new Float32Array(length);
  fill(from, out);
  return out;
}

function keepMask(length: number, dropRate: number): Uint8Array {
  const out = new Uint8Array(length);
  fillKeepMask(key, out, dropRate);
  return out;
}

function words(length: number): Uint32Array {
  const out = new Uint32Array(length);
  fillBits(key, out);
  return out;
}

const mean = (values: ArrayLike<number>) =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

/** Means of (x - centre)^p for p = 1, 2, 3, 4. */
function moments(values: Float32Array, centre: number): readonly number[] {
  const x = Float64Array.from(values, (value) => value - centre);
  const powers = x.slice();
  return [1, 2, 3, 4].map((p) => {
    if (p > 1) powers.forEach((power, i) => (powers[i] = power * (x[i] ?? Number.NaN)));
    return mean(powers);
  });
}

describe("moments over a million draws", () => {
  // E x^p, and its variance E x^2p - (E x^p)²; E z^2, z^4, z^6, z^8 of a normal z are 1, 3, 15, 105.
  it.each([
    ["normal", normal, 0, [0, 4, 0, 48], [4, 32, 15 * 64, 96 * 256]],
    ["uniform", uniform, 1, [0, 4 / 3, 0, 16 / 5], [4 / 3, 64 / 45, 64 / 7, 4096 / 225]],
    ["rademacher", rademacher, 0, [0, 1 / 4, 0, 1 / 16], [1 / 4, 0, 1 / 64, 0]],
  ] as const)("%s", (_, fill, centre, expected, variances) => {
    const actual = moments(drawn(fill, MILLION), centre);
    expected.forEach((moment, p) => {
      const standardError = Math.sqrt((variances[p] ?? 0) / MILLION);
      expect(Math.abs((actual[p] ?? Number.NaN) - moment)).toBeLessThanOrEqual(
        SIGMAS * standardError,
      );
    });
  });

  it("normal: kurtosis 3", () => {
    const [, second = 0, , fourth = 0] = moments(drawn(normal, MILLION), 0);
    expect(Math.abs(fourth / second ** 2 - 3)).toBeLessThan(SIGMAS * Math.sqrt(24 / MILLION));
  });

  it.each([
    ["normal", normal, 4],
    ["rademacher", rademacher, 1 / 4],
  ] as const)("%s: neighbours are uncorrelated", (_, fill, variance) => {
    const values = drawn(fill, MILLION);
    for (const lag of [1, 2, 32]) {
      const products = values.subarray(lag).map((value, i) => value * (values[i] ?? Number.NaN));
      expect(Math.abs(mean(products)) / variance).toBeLessThan(SIGMAS / Math.sqrt(MILLION));
    }
  });
});

describe("the bits", () => {
  it("of normals are those of an implementation in NumPy", () => {
    const out = drawn((k, array) => fillNormal(k, array, 1), 100_000, goldenKey);
    expect([...out.subarray(0, golden.normals.length)]).toEqual(golden.normals);
    // Its logarithm differs in the last bit of a double at most, which float32 does not show here.
    expect(createHash("sha256").update(out).digest("hex")).toBe(golden.normalsSha256);
  });

  it("of uniforms are the upper 24 of each word", () => {
    const out = drawn((k, array) => fillUniform(k, array, 0, 1), 3000);
    expect([...out]).toEqual(Array.from(words(3000), (word) => Math.floor(word / 256) / 2 ** 24));
    expect([...drawn(uniform, 3000)]).toEqual(Array.from(out, (u) => Math.fround(4 * u - 1)));
  });

  it("of signs are those of each word, lowest first", () => {
    const out = drawn(rademacher, 32 * 1500);
    const signs = Array.from(words(1500)).flatMap((word) =>
      Array.from({ length: 32 }, (_, bit) => (Math.floor(word / 2 ** bit) % 2 === 0 ? 0.5 : -0.5)),
    );
    expect([...out]).toEqual(signs);
  });

  it("of a mask are halves of words, compared with the drop rate", () => {
    const halves = Array.from(words(1500)).flatMap((word) => [word % 65536, word / 65536]);
    expect([...keepMask(3000, 0.3)]).toEqual(halves.map((half) => (half >= 19661 ? 1 : 0)));
  });
});

describe("fillKeepMask", () => {
  it.each([0, 0.1, 0.5, 0.9, 1])("drops at the rate %d", (dropRate) => {
    const kept = keepMask(MILLION, dropRate).reduce((sum, keep) => sum + keep, 0) / MILLION;
    const standardError = Math.sqrt((dropRate * (1 - dropRate)) / MILLION);
    const resolution = dropRate % 0.5 === 0 ? 0 : 2 ** -17;
    expect(Math.abs(kept - (1 - dropRate))).toBeLessThanOrEqual(
      SIGMAS * standardError + resolution,
    );
  });

  it.each([-0.1, 1.1, Number.NaN])("refuses the rate %d", (dropRate) => {
    expect(() => keepMask(4, dropRate)).toThrow(UsageError);
  });
});

describe("every draw", () => {
  const fills = [
    normal,
    uniform,
    rademacher,
    (_: Key, out: Float32Array) => out.set(keepMask(out.length, 0.5)),
  ];
  const all = fills.map((fill) => drawn(fill, 5000));

  it("is the beginning of a longer one", () => {
    fc.assert(
      fc.property(fc.nat(5000), (length) => {
        fills.forEach((fill, i) => {
          expect(drawn(fill, length)).toEqual(all[i]?.slice(0, length));
        });
      }),
      { numRuns: 25 },
    );
  });

  it("differs from that of another key", () => {
    for (const fill of [normal, uniform, rademacher]) {
      expect(drawn(fill, 100, foldIn(key, 1))).not.toEqual(drawn(fill, 100));
    }
  });
});

describe("fillHalfWords", () => {
  it("splits the words of the key, lower half first, for odd lengths too", () => {
    const whole = words(4);
    const halves = [...whole].flatMap((word) => [word & 0xffff, word >>> 16]);
    for (const length of [8, 7, 1]) {
      const out = new Uint16Array(length);
      fillHalfWords(key, out);
      expect([...out]).toEqual(halves.slice(0, length));
      fillHalfWords(key, out, 12);
      expect([...out]).toEqual(halves.slice(0, length).map((half) => half >>> 4));
    }
  });
});
