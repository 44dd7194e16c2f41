import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { findSuite, SUITES } from "../../../src/lab/suites/suites.ts";
import { parseConfig } from "../../../src/options/config.ts";

it.each(SUITES.map((suite) => [suite.name, suite] as const))(
  "%s has options that runs take",
  (_, { base, lookAt, charts, methods }) => {
    expect(() => parseConfig(base)).not.toThrow();
    expect(() => parseConfig({ ...base, train: "a.txt" })).not.toThrow();
    expect(lookAt.length).toBeGreaterThan(0);
    expect(charts.length).toBeGreaterThan(0);
    expect(methods.length).toBeGreaterThan(1);
  },
);

describe("findSuite", () => {
  it("finds each by its name", () => {
    for (const suite of SUITES) expect(findSuite(suite.name)).toBe(suite);
  });

  it.each([
    ["kapa", "did you mean kappa?"],
    ["everything", `suites: ${SUITES.map(({ name }) => name).join(", ")}`],
  ])("refuses %s", (name, hint) => {
    const message = `suite: no such suite; got "${name}"`;
    expect(() => findSuite(name)).toThrow(
      expect.objectContaining({ message, hint, constructor: UsageError }),
    );
  });
});
