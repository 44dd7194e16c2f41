import { expect, it } from "vitest";
import { parseOptions } from "../../../src/cli/arguments/options.ts";
import type { OptionTable } from "../../../src/options/tables/option.ts";
import { spelledFailure } from "../support.ts";

const TABLE: OptionTable = {
  prompt: { kind: "text", help: "" },
  topK: { kind: "integer", min: 0, help: "" },
  temperature: { kind: "number", help: "" },
  format: { kind: "choice", choices: ["onnx"], default: "onnx", help: "" },
  json: { kind: "flag", help: "" },
};

it("reads texts, numbers and flags", () => {
  const words = ["--prompt", "5", "--top-k=40", "--temperature", "-0.5", "--json"];
  const options = parseOptions(words, TABLE);
  expect(options.text("prompt")).toBe("5");
  expect(options.number("topK")).toBe(40);
  expect(options.number("temperature")).toBe(-0.5);
  expect(options.flag("json")).toBe(true);
  expect(options.text("format")).toBe("onnx");
  expect(parseOptions([], TABLE).number("topK")).toBeUndefined();
  expect(() => options.text("promt")).toThrow("internal: the command has no option promt");
});

it.each([
  [["--top-k", "1.5"], "--top-k: must be a whole number at least 0; got 1.5", undefined],
  [["--top-k", "-1"], "--top-k: must be a whole number at least 0; got -1", undefined],
  [["--temperature", "hot"], '--temperature: must be a number; got "hot"', undefined],
  [["--temperature="], '--temperature: must be a number; got ""', undefined],
  [["--json=1"], '--json: must be true or false; got "1"', undefined],
  [["--format", "tf"], '--format: must be one of onnx; got "tf"', undefined],
  [
    ["--top-k", "x", "--json=1"],
    '2 options are wrong\n  --top-k: must be a whole number at least 0; got "x"\n  --json: must be true or false; got "1"',
    undefined,
  ],
  [["--promt", "x"], "--promt: no such option", "did you mean --prompt?"],
  [["--zzzzzzz", "x"], "--zzzzzzz: no such option", "--help lists them"],
  [["x"], "x: unexpected", undefined],
])("refuses %j", async (words, message, hint) => {
  expect(await spelledFailure(() => parseOptions(words, TABLE))).toEqual({ message, hint });
});
