import { expect, it } from "vitest";
import {
  formatTable,
  indent,
  sideBySide,
  truncate,
  wrap,
} from "../../../src/cli/terminal/layout.ts";

it("aligns columns and leaves no space at the end of a line", () => {
  const rows = [["a", "1", "x"], ["bcd", "20"], []];
  expect(formatTable(rows, ["left", "right"])).toEqual(["a     1  x", "bcd  20", ""]);
});

it("places blocks side by side where there is room", () => {
  const left = ["one", "three"];
  const right = ["uno"];
  expect(sideBySide(left, right, { width: 10, gap: 2 })).toEqual(["one    uno", "three"]);
  expect(sideBySide(left, right, { width: 9, gap: 2 })).toEqual(["one", "three", "", "uno"]);
});

it("breaks lines between words", () => {
  expect(wrap("aa bb cc", 5)).toEqual(["aa bb", "cc"]);
  expect(wrap("much-too-long b", 5)).toEqual(["much-too-long", "b"]);
  expect(wrap("", 5)).toEqual([""]);
});

it("truncates by characters", () => {
  expect(truncate("größer", 6)).toBe("größer");
  expect(truncate("größer", 4)).toBe("grö…");
});

it("does not indent empty lines", () => {
  expect(indent(["a", ""])).toEqual(["  a", ""]);
});
