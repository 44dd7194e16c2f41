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

it("an error of a part still names options as whoever shows it spells them", () => {
  const cause = new UsageError(`bad ${option("maxLength")}`, { hint: `give ${option("output")}` });
  const error = cause.of("row 3");
  expect(error.spelled(asFlag)).toEqual({
    message: "row 3: bad --max-length",
    hint: "give --output",
  });
  expect(error.cause).toBe(cause);
});
