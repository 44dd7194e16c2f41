import { expect, it } from "vitest";
import { INPUT_OPTIONS, OPTION_GROUPS, OPTIONS } from "../../src/options/option-table.ts";
import { problemsOf } from "../../src/options/tables/schema.ts";

it("has defaults that it allows", () => {
  const defaults = Object.fromEntries(
    Object.entries(OPTIONS).map(([name, option]) => [name, option.default]),
  );
  expect(problemsOf(OPTIONS, defaults)).toEqual([]);
});

it("has every option once", () => {
  const names = [...Object.values(OPTION_GROUPS), INPUT_OPTIONS].flatMap(Object.keys);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toHaveLength(Object.keys(OPTIONS).length + 1);
});

it("has a sentence for each, and choices where there is a choice", () => {
  for (const [name, { help, kind, choices }] of Object.entries(OPTIONS)) {
    expect(help, name).toMatch(/^\S.*[^.\s]$/);
    if (kind !== "list") expect(choices !== undefined, name).toBe(kind === "choice");
  }
});
