import { expect, it } from "vitest";
import { findOption, isFlag, optionValue, scalar } from "../../src/options/option-text.ts";

it.each([
  ["rank", "8", 8],
  ["rank", "eight", "eight"],
  ["learningRate", "1e-3", 1e-3],
  ["learningRate", ".5", 0.5],
  ["recompute", "false", false],
  ["recompute", "no", "no"],
  ["prefix", "true", "true"],
  ["prefix", "7", "7"],
  ["include", "h.*,wte.*", ["h.*", "wte.*"]],
  ["include", "", []],
])("reads --%s %s", (name, text, value) => {
  const option = findOption(name);
  expect(option && optionValue(text, option)).toEqual(value);
});

it("knows which options are flags", () => {
  const flags = ["recompute", "rank", "overwrite"].map((name) => {
    const option = findOption(name);
    return option && isFlag(option);
  });
  expect(flags).toEqual([true, false, true]);
  expect(findOption("ranj")).toBeUndefined();
});

it.each([
  ["null", null],
  ["true", true],
  ["-2", -2],
  ["0x10", "0x10"],
  ["gelu", "gelu"],
])("reads %s of no option", (text, value) => {
  expect(scalar(text)).toBe(value);
});
