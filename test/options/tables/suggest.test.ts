import { expect, it } from "vitest";
import { closest } from "../../../src/options/tables/suggest.ts";

const NAMES = ["train", "generate", "memory", "doctor"];

it.each([
  ["trian", "train"],
  ["trein", "train"],
  ["genrate", "generate"],
  ["generating", "generate"],
  ["x", undefined],
  ["serve", undefined],
])("suggests for %s", (word, expected) => {
  expect(closest(word, NAMES)).toBe(expected);
});
