/**
 * @file The options of commands other than `train`, from their table.
 */

import { option, UsageError } from "../../errors.ts";
import { optionValue } from "../../options/tables/kinds.ts";
import { findOption, type OptionTable } from "../../options/tables/option.ts";
import { optionError } from "../../options/tables/problems.ts";
import { problemsOf } from "../../options/tables/schema.ts";
import { closest } from "../../options/tables/suggest.ts";
import { splitArguments } from "./arguments.ts";

/** What was given, or the default of the table; asking for what the table does not have is an error of ours. */
export interface ParsedOptions {
  text(name: string): string | undefined;
  number(name: string): number | undefined;
  flag(name: string): boolean;
  /** All values of an option that may be given several times. */
  texts(name: string): readonly string[];
}

/**
 * The options of a command that takes nothing else.
 *
 * @throws {UsageError} if there is anything else, or values are not what the table allows.
 */
export function parseOptions(words: readonly string[], table: OptionTable): ParsedOptions {
  const { paths, options } = parsePaths(words, table);
  const [unexpected] = paths;
  if (unexpected !== undefined) throw new UsageError(`${unexpected}: unexpected`);
  return options;
}

/** The same of a command that takes paths besides. @throws {UsageError} if values are not what the table allows. */
export function parsePaths(
  words: readonly string[],
  table: OptionTable,
): { readonly paths: readonly string[]; readonly options: ParsedOptions } {
  const { positionals, options, lists } = splitArguments(
    words,
    (key) => findOption(table, key),
    (key) => unknownOption(key, table, "--help lists them"),
  );
  const values = valuesOf(options, table);
  const problems = problemsOf(table, values);
  if (problems.length > 0) throw optionError(problems, { table });
  return { paths: positionals, options: parsedOptions(table, values, lists) };
}

/** What the words stand for that were given to options of the table. */
export const valuesOf = (
  given: ReadonlyMap<string, string | boolean>,
  table: OptionTable,
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    [...given].flatMap(([name, word]) => {
      const entry = findOption(table, name);
      if (!entry) return [];
      return [[name, typeof word === "string" ? optionValue(word, entry) : word] as const];
    }),
  );

/** Values that were found to be right. */
export function parsedOptions(
  table: OptionTable,
  values: Readonly<Record<string, unknown>>,
  lists: ReadonlyMap<string, readonly string[]> = new Map(),
): ParsedOptions {
  const valueOf = (name: string): unknown => {
    const entry = findOption(table, name);
    if (!entry) throw new Error(`internal: the command has no option ${name}`);
    return values[name] ?? entry.default;
  };
  return {
    text: (name) => {
      const value = valueOf(name);
      return typeof value === "string" ? value : undefined;
    },
    number: (name) => {
      const value = valueOf(name);
      return typeof value === "number" ? value : undefined;
    },
    flag: (name) => valueOf(name) === true,
    texts: (name) => lists.get(name) ?? [],
  };
}

/** An option that must be there. */
export function required(
  options: ParsedOptions,
  name: string,
  { usage }: { readonly usage: string },
): string {
  const value = options.text(name);
  if (value !== undefined) return value;
  throw new UsageError(`${option(name)}: missing`, { hint: `flora ${usage}` });
}

/** @param otherwise - where to look, if nothing is like the name */
export function unknownOption(name: string, table: OptionTable, otherwise: string): UsageError {
  const near = closest(name, Object.keys(table));
  return new UsageError(`${option(name)}: no such option`, {
    hint: near === undefined ? otherwise : `did you mean ${option(near)}?`,
  });
}
