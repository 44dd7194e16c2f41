/** Defaults that the method decides: those of the papers (docs/adapters.md). */

import { expect, it } from "vitest";
import { parseConfig } from "../../src/options/config.ts";

it.each([
  ["flora", 128, "constant", undefined],
  ["dense", 128, "constant", undefined],
  ["lora", 8, "constant", 8],
  ["lora-fa", 8, "constant", 8],
  ["lora+", 8, "constant", 8],
  ["relora", 128, "cosine", 32],
  ["plora", 8, "constant", 8],
  ["cola", 8, "constant", 16],
] as const)("%s has rank %i and a %s rate", (method, rank, schedule, alpha) => {
  const config = parseConfig({ method, train: ["unread.txt"] });
  expect(config).toMatchObject({ method, rank, schedule, ...(alpha !== undefined && { alpha }) });
});

it("what is given is taken", () => {
  const given = { method: "relora", rank: 4, alpha: 2, schedule: "linear" };
  expect(parseConfig(given)).toMatchObject(given);
});

it.each([
  [{ alpha: 0 }, "alpha: must be a number above 0; got 0"],
  [{ pruneState: 2 }, "pruneState: must be a number"],
  [{ unloadFraction: 0 }, "unloadFraction: must be a number above 0"],
  [{ rankPattern: { a: "b" } }, "rankPattern: must be a table of fields"],
  [{ rankPattern: { c_attn: 0 } }, "rankPattern: must be a table of fields"],
  [{ accumulatorDtype: "int4" }, "accumulatorDtype: must be one of float32, int8"],
  [{ method: "dora" }, "method: must be one of flora, dense, lora"],
])("%j is refused", (options, message) => {
  expect(() => parseConfig(options)).toThrow(message);
});
