import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Key } from "../../src/random/index.ts";
import { fillBits, threefry2x32 } from "../../src/random/index.ts";
import golden from "../golden/random.json" with { type: "json" };

const ONES = 0xffffffff;
const [high = 0, low = 0] = golden.key;
const goldenKey: Key = { high, low };

const draw = (length: number, firstPair = 0) => {
  const out = new Uint32Array(length);
  fillBits(goldenKey, out, firstPair);
  return out;
};

describe("threefry2x32", () => {
  // Known-answer vectors of the Random123 library (kat_vectors, threefry2x32, 20 rounds).
  it.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [ONES, ONES],
      [ONES, ONES],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344],
      [0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ] as const)(
    "key %j, counter %j: %j",
    ([keyHigh, keyLow], [counterHigh, counterLow], expected) => {
      expect(threefry2x32({ high: keyHigh, low: keyLow }, counterHigh, counterLow)).toEqual(
        expected,
      );
    },
  );
});

describe("fillBits", () => {
  it("equals an implementation in NumPy", () => {
    expect([...draw(11)]).toEqual(golden.bits);
    const digest = createHash("sha256").update(draw(100_000)).digest("hex");
    expect(digest).toBe(golden.bitsSha256);
  });

  it("draws the beginning of a longer draw, and any part of it", () => {
    const all = draw(3000);
    const part = fc.record({ pair: fc.nat(1000), length: fc.nat(1000) });
    fc.assert(
      fc.property(part, ({ pair, length }) => {
        expect(draw(length, pair)).toEqual(all.slice(2 * pair, 2 * pair + length));
      }),
    );
  });

  it("continues threefry2x32 over the counters", () => {
    expect([...draw(2, 0xfffffffe)]).toEqual(threefry2x32(goldenKey, 0, 0xfffffffe));
  });
});
