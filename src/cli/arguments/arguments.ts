/**
 * @file The words of a command line, apart from what they mean.
 *
 *   --key value   --key=value   --flag   --no-flag   --table.field value   --   positional
 *
 * Keys may be in kebab-case or camelCase. A value that begins with "--" needs the form with "=".
 */

import { UsageError } from "../../errors.ts";

export interface Arguments {
  readonly positionals: readonly string[];
  /** By key in camelCase; what follows a dot is kept as it is. True and false for flags. */
  readonly options: ReadonlyMap<string, string | boolean>;
  /** All values of the options that may be given several times. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
}

/**
 * Splits a command line.
 *
 * @param takesValue - whether an option needs a value, by its key; throws where there is no such
 *   option
 * @param mayRepeat - whether an option may be given several times; none may if absent
 * @throws {UsageError} if another option is given twice, lacks its value, or has a value and "--no-".
 */
export function splitArguments(
  words: readonly string[],
  takesValue: (key: string) => boolean,
  mayRepeat: (key: string) => boolean = () => false,
): Arguments {
  const positionals: string[] = [];
  const options = new Map<string, string | boolean>();
  const lists = new Map<string, string[]>();
  const rest = [...words];

  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") {
      positionals.push(...rest.splice(0));
    } else if (word === "-" || !word.startsWith("-")) {
      positionals.push(word);
    } else if (!word.startsWith("--")) {
      throw new UsageError(`${word}: no such option`, { hint: "options begin with two dashes" });
    } else {
      const [, written = "", value] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
      const { key, isNegated } = readKey(written, takesValue);
      if (mayRepeat(key)) {
        const given = value ?? shiftValue(written, rest);
        lists.set(key, [...(lists.get(key) ?? []), given]);
        continue;
      }
      if (options.has(key)) throw new UsageError(`--${written}: given twice`);
      if (isNegated && value !== undefined) {
        throw new UsageError(`--${written}: takes no value; got ${value}`);
      }
      if (isNegated) options.set(key, false);
      else if (takesValue(key)) options.set(key, value ?? shiftValue(written, rest));
      else options.set(key, value === undefined ? shiftFlag(rest) : asFlag(value));
    }
  }
  return { positionals, options, lists };
}

/** The key of "no-flag" is that of the flag. */
function readKey(written: string, takesValue: (key: string) => boolean) {
  const negated = /^no-(.+)$/.exec(written)?.[1];
  if (negated === undefined) return { key: camelCase(written), isNegated: false };
  const key = camelCase(negated);
  if (takesValue(key)) throw new UsageError(`--${written}: no such option`);
  return { key, isNegated: true };
}

function shiftValue(written: string, rest: string[]): string {
  const [next] = rest;
  if (next === undefined || next.startsWith("--")) {
    throw new UsageError(`--${written}: needs a value`);
  }
  rest.shift();
  return next;
}

/** A flag is true, unless it is followed by what it is. */
function shiftFlag(rest: string[]): boolean {
  const [next] = rest;
  if (next !== "true" && next !== "false") return true;
  rest.shift();
  return next === "true";
}

/** "batch-size" as "batchSize"; the fields after a dot belong to others and stay. */
export function camelCase(key: string): string {
  const [name = "", ...fields] = key.split(".");
  const camel = name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return [camel, ...fields].join(".");
}

/** "batchSize" as "batch-size". */
export const kebabCase = (key: string): string =>
  key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Words as they would be typed into a shell. */
export const quoteWords = (words: readonly string[]): string => words.map(quote).join(" ");

const ESCAPES = new Map([
  ["\n", "n"],
  ["\r", "r"],
  ["\t", "t"],
  ["'", "'"],
  ["\\", "\\"],
]);

function quote(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (!/[\n\r\t]/.test(word)) return `'${word.replaceAll("'", String.raw`'\''`)}'`;
  return `$'${word.replaceAll(/[\n\r\t'\\]/g, (character) => `\\${ESCAPES.get(character)}`)}'`;
}

/** True and false; other words stay, for whoever knows the option to object to. */
const asFlag = (value: string): string | boolean =>
  value === "true" || value === "false" ? value === "true" : value;
