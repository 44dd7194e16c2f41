/** @file What is wrong with options, as an error with a sentence for each. */

import { option, type OptionProblem, UsageError } from "../../errors.ts";
import type { OptionTable } from "./option.ts";
import { closest } from "./suggest.ts";

export interface ErrorOptions {
  /** What options there are. */
  readonly table: OptionTable;
  /** Where an option was given, and its name; the name alone if absent. */
  readonly nameOf?: (option: string) => string;
}

/** All that is wrong, a sentence for each. */
export function optionError(
  problems: readonly OptionProblem[],
  { table, nameOf = (name) => option(name) }: ErrorOptions,
): UsageError {
  const sentences = problems.map((problem) => ({
    sentence: sentence(problem, nameOf(problem.option)),
    hint: isUnknown(problem) ? nearest(problem.option, table) : undefined,
  }));
  const [first, second] = sentences;
  if (first && !second) {
    const { hint } = first;
    return new UsageError(first.sentence, hint === undefined ? { problems } : { hint, problems });
  }
  const lines = sentences.map(({ sentence: told, hint }) =>
    hint === undefined ? `  ${told}` : `  ${told}; ${hint}`,
  );
  return new UsageError([`${problems.length} options are wrong`, ...lines].join("\n"), {
    problems,
  });
}

const isUnknown = ({ allowed, told }: OptionProblem): boolean =>
  allowed === undefined && told === undefined;

function sentence({ got, allowed, told }: OptionProblem, name: string): string {
  if (allowed !== undefined) return `${name}: must be ${allowed}; got ${shown(got)}`;
  return `${name}: ${told ?? "no such option"}`;
}

/** The option that was probably meant. */
function nearest(name: string, table: OptionTable): string | undefined {
  const near = closest(name, Object.keys(table));
  return near === undefined ? undefined : `did you mean ${option(near)}?`;
}

/** A value as it is written in code. */
const shown = (value: unknown): string =>
  typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
