import { describe, expect, it } from "vitest";
import { cosOfTurn, logOfInteger } from "../../src/random/elementary.ts";

/** Ten units in the last place, some of which are those of Math.* and its rounded argument. */
const TOLERANCE = 2e-15;

describe("logOfInteger", () => {
  it("agrees with Math.log", () => {
    let worst = 0;
    const check = (n: number) => {
      const expected = Math.log(n);
      worst = Math.max(worst, Math.abs(logOfInteger(n) - expected) / Math.max(expected, 1e-300));
    };
    for (let n = 1; n < 20_000; n += 1) check(n);
    for (let n = 20_000; n < 2 ** 32; n += 43_211) check(n);
    for (let e = 1; e <= 32; e += 1) [2 ** e - 1, 2 ** (e - 1) + 1].forEach(check);
    // Both sides of √2 2^e, where the exponent changes.
    for (let e = 0; e <= 31; e += 1) check(Math.floor(Math.SQRT2 * 2 ** e));
    for (let e = 0; e < 31; e += 1) check(Math.ceil(Math.SQRT2 * 2 ** e));
    expect(worst).toBeLessThan(TOLERANCE);
  });
});

describe("cosOfTurn", () => {
  it.each([1, 2, 3, 7, 8, 64, 768, 997, 50_257])("agrees with Math.cos for m = %d", (m) => {
    let worst = 0;
    for (let k = 0; k < m; k += 1) {
      worst = Math.max(worst, Math.abs(cosOfTurn(k, m) - Math.cos((2 * Math.PI * k) / m)));
    }
    expect(worst).toBeLessThan(TOLERANCE);
  });

  it("is exact at quarter turns", () => {
    expect([0, 1, 2, 3].map((k) => Math.abs(cosOfTurn(k, 4)))).toEqual([1, 0, 1, 0]);
  });
});
