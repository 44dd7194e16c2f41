import { expect, it } from "vitest";
import {
  allowedValues,
  optionValue,
  placeholder,
  scalar,
} from "../../../src/options/tables/kinds.ts";
import { OPTIONS } from "../../../src/options/option-table.ts";
import { findOption, type Option } from "../../../src/options/tables/option.ts";

it.each([
  ["rank", "8", 8],
  ["rank", "eight", "eight"],
  ["learningRate", "1e-3", 1e-3],
  ["learningRate", ".5", 0.5],
  ["compressEmbeddings", "false", false],
  ["compressEmbeddings", "no", "no"],
  ["prefix", "true", "true"],
  ["prefix", "7", "7"],
  ["include", "h.*,wte.*", ["h.*", "wte.*"]],
  ["include", "", []],
  ["track", "csv,jsonl", ["csv", "jsonl"]],
])("reads --%s %s", (name, text, value) => {
  const option = findOption(OPTIONS, name);
  expect(option && optionValue(text, option)).toEqual(value);
});

it.each<[Partial<Option> & Pick<Option, "kind">, string, string | undefined]>([
  [{ kind: "flag" }, "true or false", undefined],
  [{ kind: "integer", above: 0 }, "a whole number above 0", "N"],
  [{ kind: "number", min: 0, below: 1 }, "a number at least 0 and below 1", "NUMBER"],
  [{ kind: "number", above: 0, max: 1 }, "a number above 0 and at most 1", "NUMBER"],
  [{ kind: "number" }, "a number", "NUMBER"],
  [{ kind: "text", value: "DIR" }, "a text", "DIR"],
  [{ kind: "choice", choices: ["a", "b"] }, "one of a, b", "NAME"],
  [{ kind: "list" }, "a text or a list of texts", "A[,B]"],
  [{ kind: "list", choices: ["a", "b"] }, "one or several of a, b", "A[,B]"],
  [{ kind: "paths" }, "a path or a list of paths", "A[,B]"],
  [{ kind: "numbers", above: 0 }, "a list of numbers above 0", "N[,N]"],
  [{ kind: "table", above: 0 }, "a table of numbers above 0", undefined],
  [{ kind: "model" }, "a directory, a name on the Hub, or a table of fields", "DIR"],
])("%j may be %s", (given, allowed, word) => {
  const option = { help: "", ...given };
  expect(allowedValues(option)).toBe(allowed);
  expect(placeholder(option)).toBe(word);
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
