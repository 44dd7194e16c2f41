import { expect, it } from "vitest";
import { type Option, parseOptions } from "../../../src/cli/arguments/options.ts";
import { UsageError } from "../../../src/errors.ts";

const TABLE: readonly Option[] = [
  { name: "prompt", value: "TEXT", description: "" },
  { name: "topK", value: "N", description: "" },
  { name: "temperature", value: "NUMBER", description: "" },
  { name: "json", description: "" },
];

it("reads texts, numbers and flags", () => {
  const words = ["--prompt", "5", "--top-k=40", "--temperature", "-0.5", "--json"];
  const options = parseOptions(words, TABLE);
  expect(options.text("prompt")).toBe("5");
  expect(options.number("topK")).toBe(40);
  expect(options.number("temperature")).toBe(-0.5);
  expect(options.flag("json")).toBe(true);
  expect(parseOptions([], TABLE).number("topK")).toBeUndefined();
});

it.each([
  [["--top-k", "1.5"], '--top-k: must be a whole number; got "1.5"', undefined],
  [["--top-k", "-1"], '--top-k: must be a whole number; got "-1"', undefined],
  [["--temperature", "hot"], '--temperature: must be a number; got "hot"', undefined],
  [["--temperature="], '--temperature: must be a number; got ""', undefined],
  [["--json=1"], "--json: must be true or false; got 1", undefined],
  [["--promt", "x"], "--promt: no such option", "did you mean --prompt?"],
  [["--zzzzzzz", "x"], "--zzzzzzz: no such option", "--help lists them"],
  [["x"], "x: unexpected", undefined],
])("refuses %j", (words, message, hint) => {
  expect(() => parseOptions(words, TABLE)).toThrow(
    expect.objectContaining({ message, hint, constructor: UsageError }),
  );
});
