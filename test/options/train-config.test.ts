/** The type of options is that of their table, and a compiler finds typos. */

import { expect, expectTypeOf, it } from "vitest";
import { parseConfig, type TrainConfig, type TrainOptions } from "../../src/options/config.ts";
import type { OptimizerName } from "../../src/optim/registry.ts";
import { trainConfigSource } from "./train-config-source.ts";

it("is written from the table", async () => {
  // npm run options writes it anew.
  await expect(trainConfigSource()).toMatchFileSnapshot("../../src/options/train-config.ts");
});

it("does not compile with a typo", () => {
  // @ts-expect-error: no such option
  expect(() => parseConfig({ stpes: 10 })).toThrow("stpes: no such option");
  // @ts-expect-error: no such method
  expect(() => parseConfig({ method: "flroa" })).toThrow(
    "method: must be one of apollo, apollo-mini, compact, dense, fira, flora",
  );
  // @ts-expect-error: a text for a number
  expect(() => parseConfig({ rank: "many" })).toThrow("rank: must be a whole number above 0");
});

it("lets a text stand for a list where options are written", () => {
  expectTypeOf<TrainOptions["train"]>().toEqualTypeOf<string | readonly string[] | undefined>();
  expectTypeOf<TrainConfig["train"]>().toEqualTypeOf<readonly string[] | undefined>();
  expectTypeOf<TrainConfig["optimizer"]>().toEqualTypeOf<OptimizerName>();
  expectTypeOf<TrainConfig["weightDecay"]>().toEqualTypeOf<number | undefined>();
  expectTypeOf(parseConfig).parameter(0).toEqualTypeOf<TrainOptions>();
});
