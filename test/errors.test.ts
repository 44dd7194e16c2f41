import { expect, it } from "vitest";
import { option, UsageError } from "../src/errors.ts";
import { asFlag } from "../src/options/tables/spelling.ts";

it("names options as code or the command line writes them", () => {
  const error = new UsageError(`${option("saveEvery")}: no checkpoint; got 3`, {
    hint: `leave ${option("resume")} out, or give ${option("task", "classify")}`,
  });
  expect(error.message).toBe("saveEvery: no checkpoint; got 3");
  expect(error.hint).toBe('leave resume out, or give task: "classify"');
  expect(error.spelled(asFlag)).toEqual({
    message: "--save-every: no checkpoint; got 3",
    hint: "leave --resume out, or give --task classify",
  });
  expect(error.problems).toEqual([]);
  expect(new UsageError("a: b").spelled(asFlag)).toEqual({ message: "a: b", hint: undefined });
});
