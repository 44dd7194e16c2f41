/**
 * @file The options of commands other than `train`: a table that parses, checks and explains them.
 */

import { UsageError } from "../../errors.ts";
import { kebabCase, splitArguments } from "./arguments.ts";
import { closest } from "../../options/suggest.ts";

export interface Option {
  /** In camelCase. */
  readonly name: string;
  /** What stands for the value in the help; a flag has none. */
  readonly value?: "TEXT" | "DIR" | "FILE" | "NAME" | "A,B" | "N" | "NUMBER";
  readonly description: string;
  /** Whether it may be given several times. */
  readonly repeats?: boolean;
}

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
 * @throws {UsageError} if there is anything else, or a value is no number where one is needed.
 */
export function parseOptions(words: readonly string[], table: readonly Option[]): ParsedOptions {
  const find = (name: string): Option => {
    const option = table.find((candidate) => candidate.name === name);
    if (!option) throw unknownOption(name, table);
    return option;
  };
  const { positionals, options, lists } = splitArguments(
    words,
    (name) => find(name).value !== undefined,
    (name) => find(name).repeats === true,
  );
  const [unexpected] = positionals;
  if (unexpected !== undefined) throw new UsageError(`${unexpected}: unexpected`);
  return checkOptions(options, table, lists);
}

/**
 * The values of those options that the table has.
 *
 * @throws {UsageError} if a value is no number where one is needed, or a flag is not true or false.
 */
export function checkOptions(
  given: ReadonlyMap<string, string | boolean>,
  table: readonly Option[],
  lists: ReadonlyMap<string, readonly string[]> = new Map(),
): ParsedOptions {
  const numbers = new Map<string, number>();
  for (const option of table) {
    const { name } = option;
    const value = given.get(name);
    if (value === undefined) continue;
    if (option.value === undefined && typeof value === "string") {
      throw new UsageError(`--${kebabCase(name)}: must be true or false; got ${value}`);
    }
    if (option.value === "N" || option.value === "NUMBER") {
      numbers.set(name, parseNumber(name, String(value), option.value === "N"));
    }
  }
  return {
    text: (name) => given.get(name)?.toString(),
    number: (name) => numbers.get(name),
    flag: (name) => given.get(name) === true,
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
  throw new UsageError(`--${kebabCase(name)}: missing`, { hint: `flora ${usage}` });
}

function parseNumber(name: string, text: string, isWhole: boolean): number {
  const number = text.trim() === "" ? Number.NaN : Number(text);
  if (isWhole ? Number.isSafeInteger(number) && number >= 0 : Number.isFinite(number)) {
    return number;
  }
  const kind = isWhole ? "a whole number" : "a number";
  throw new UsageError(`--${kebabCase(name)}: must be ${kind}; got ${JSON.stringify(text)}`);
}

function unknownOption(name: string, table: readonly Option[]): UsageError {
  const near = closest(
    kebabCase(name),
    table.map((option) => kebabCase(option.name)),
  );
  return new UsageError(`--${kebabCase(name)}: no such option`, {
    hint: near === undefined ? "--help lists them" : `did you mean --${near}?`,
  });
}
