import { expect, it } from "vitest";
import { decimal, element, escapeText } from "../../../src/lab/charts/xml.ts";

it.each([
  ["a < b & c > d", "a &lt; b &amp; c &gt; d"],
  [`"it's"`, "&quot;it&#39;s&quot;"],
  ["&amp;", "&amp;amp;"],
  ["‖∇L‖ 🌱", "‖∇L‖ 🌱"],
  ["a\u0000b\u001B[31m\uFFFEc\uD800", "a\uFFFDb\uFFFD[31m\uFFFDc\uFFFD"],
])("escapes %j", (text, expected) => {
  expect(escapeText(text)).toBe(expected);
});

it.each([
  [1.005, "1"],
  [12.346, "12.35"],
  [-0.001, "0"],
  [-1.5, "-1.5"],
  [1e6, "1000000"],
])("writes %d as %s", (value, expected) => {
  expect(decimal(value)).toBe(expected);
});

it("writes elements with escaped attributes and given content", () => {
  expect(element("g", { id: 'a"b', x: 1.234, y: undefined }, "<b></b>", "c")).toBe(
    '<g id="a&quot;b" x="1.23"><b></b>c</g>',
  );
});
