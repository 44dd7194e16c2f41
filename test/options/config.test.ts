/** Defaults that the method decides: those of the papers (docs/adapters.md). */

import { expect, it } from "vitest";
import { checkOptions, parseConfig, type TrainOptions } from "../../src/options/config.ts";
import { UsageError } from "../../src/errors.ts";

it.each([
  ["lora", 8],
  ["lora-fa", 8],
  ["lora+", 8],
  ["dora", 8],
  ["relora", 32],
  ["plora", 8],
  ["cola", 16],
] as const)("%s has alpha %i", (method, alpha) => {
  expect(parseConfig({ method, train: ["unread.txt"] })).toMatchObject({ method, alpha });
});

it("what is given is taken", () => {
  const given = { method: "relora", rank: 4, alpha: 2, schedule: "linear" } as const;
  expect(parseConfig(given)).toMatchObject(given);
});

it.each([
  [{ alpha: 0 }, "alpha: must be a number above 0; got 0"],
  [{ pruneState: 2 }, "pruneState: must be a number at least 0 and at most 1; got 2"],
  [{ unloadFraction: 0 }, "unloadFraction: must be a number above 0 and at most 1; got 0"],
  [{ rankPattern: { a: "b" } }, 'rankPattern.a: must be a number above 0; got "b"'],
  [{ rankPattern: { c_attn: 0 } }, "rankPattern.c_attn: must be a number above 0; got 0"],
  [{ rankPattern: [] }, "rankPattern: must be a table of numbers above 0; got []"],
  [{ rank: Number.NaN }, "rank: must be a whole number above 0 and at most 1000000; got NaN"],
  [{ steps: null }, "steps: must be a whole number above 0; got null"],
  [{ train: [] }, "train: must be a path or a list of paths; got []"],
  [
    { track: ["csv", "wandb"] },
    'track: must be one or several of tensorboard, csv, jsonl; got ["csv","wandb"]',
  ],
  [{ accumulatorDtype: "int4" }, "accumulatorDtype: must be one of float32, int8"],
  [{ method: "adalora" }, "method: must be one of apollo, apollo-mini, compact, dense"],
  [{ stpes: 3 }, "stpes: no such option"],
])("%j is refused", (options, message) => {
  expect(() => checkOptions(options)).toThrow(message);
});

it("says all that is wrong at once, and has it as data", () => {
  const error = (() => {
    try {
      return checkOptions({ stpes: 10, rank: 0, optimizer: "adm" });
    } catch (caught) {
      return caught;
    }
  })();
  expect(error).toBeInstanceOf(UsageError);
  expect(error).toMatchObject({
    message: [
      "3 options are wrong",
      "  rank: must be a whole number above 0 and at most 1000000; got 0",
      '  optimizer: must be one of adafactor, adam, adamw, momentum, muon, scale, sgd; got "adm"',
      "  stpes: no such option; did you mean steps?",
    ].join("\n"),
    problems: [
      { option: "rank", got: 0, allowed: "a whole number above 0 and at most 1000000" },
      { option: "optimizer", got: "adm" },
      { option: "stpes", got: 10, allowed: undefined },
    ],
  });
});

it("takes a text for a list, and undefined for what is not given", () => {
  const config = parseConfig({ train: "a,b.txt", include: "h.*,wte", rank: undefined });
  expect(config).toMatchObject({ train: ["a,b.txt"], include: ["h.*", "wte"] });
  expect(config.rank).toBeUndefined();
  expect(parseConfig({ steps: undefined }).steps).toBe(parseConfig({}).steps);
  expect(config.weightDecay).toBeUndefined();
  expect(parseConfig({ weightDecay: 0 }).weightDecay).toBe(0);
});

it("draws projections from the family that suits the method, unless one is named", () => {
  const familyOf = (options: TrainOptions) => parseConfig(options).projection;
  expect(familyOf({})).toBe("orthonormal");
  expect(familyOf({ method: "compact" })).toBe("gaussian");
  expect(familyOf({ method: "apollo" })).toBe("gaussian");
  expect(familyOf({ optimizer: "muon", projection: "coordinates" })).toBe("coordinates");
});

it("trains the demonstration at the rate of its optimizer", () => {
  expect(parseConfig({}).learningRate).toBe(0.03);
  expect(parseConfig({ optimizer: "muon" }).learningRate).toBe(0.01);
  expect(parseConfig({ optimizer: "muon", learningRate: 0.02 }).learningRate).toBe(0.02);
  expect(parseConfig({ optimizer: "muon", train: "a.txt" }).learningRate).toBeUndefined();
});

it("keeps moments compressed only where there are some", () => {
  expect(() => parseConfig({ compressMoments: true, optimizer: "sgd" })).toThrow(
    "compressMoments: needs method flora, optimizer adam or adamw or momentum, and no momentum of its own; got flora, sgd, momentum 0",
  );
});
