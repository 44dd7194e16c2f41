import { expect, it } from "vitest";
import { createStyle } from "../../../src/cli/terminal/style.ts";

it("colours a text where colours are wanted, whatever the stream", () => {
  const { bold, red } = createStyle(true);
  expect(bold("a")).toBe("\u001B[1ma\u001B[22m");
  expect(red("a")).toBe("\u001B[31ma\u001B[39m");
  expect(red("")).toBe("");
  expect(createStyle(false).red("a")).toBe("a");
});
