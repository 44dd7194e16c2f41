/**
 * @file The words of a command line, apart from what they mean.
 *
 *   --key value   --key=value   --flag   --no-flag   --table.field value   --   positional
 *
 * Keys may be in kebab-case or camelCase. A value that begins with "--" needs the form with "=".
 */

import { parseArgs } from "node:util";
import { option, UsageError } from "../../errors.ts";
import type { Option } from "../../options/tables/option.ts";
import { camelCase } from "../../options/tables/spelling.ts";

export interface Arguments {
  readonly positionals: readonly string[];
  /** By key in camelCase; what follows a dot is kept as it is. True and false for flags. */
  readonly options: ReadonlyMap<string, string | boolean>;
  /** All values of the options that may be given several times. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
}

/** What is to be known of an option before its words can be told apart. */
type Shape = Pick<Option, "kind" | "repeats">;

/**
 * Splits a command line.
 *
 * @param find - the option of a key, if there is one
 * @param unknown - what is wrong with a key that there is no option of
 * @throws {UsageError} if an option is unknown, is given twice and may not repeat, lacks its value, or has a value and "--no-".
 */
export function splitArguments(
  words: readonly string[],
  find: (key: string) => Shape | undefined,
  unknown: (key: string) => UsageError = (key) => new UsageError(`${option(key)}: no such option`),
): Arguments {
  const positionals: string[] = [];
  const options = new Map<string, string | boolean>();
  const lists = new Map<string, string[]>();
  let flag: string | undefined;
  for (const token of tokensOf(words, find)) {
    // A flag is true, unless it is followed by what it is.
    const before = flag;
    flag = undefined;
    if (token.kind === "positional" && before !== undefined && /^(true|false)$/.test(token.value)) {
      options.set(before, token.value === "true");
    } else if (token.kind === "positional") {
      positionals.push(token.value);
    } else if (token.kind === "option") {
      const { value } = token;
      const word = words[token.index] ?? "";
      const [written = ""] = word.split("=");
      if (!word.startsWith("--")) {
        throw new UsageError(`${word}: no such option`, { hint: "options begin with two dashes" });
      }
      const { key, isNegated } = readKey(token.name, find);
      const shape = find(key);
      if (!shape) throw unknown(key);
      const isFlag = shape.kind === "flag";
      // A value that looks like an option is one whose value was forgotten.
      if (!isFlag && (value === undefined || (value.startsWith("--") && !token.inlineValue))) {
        throw new UsageError(`${written}: needs a value`);
      }
      if (isNegated && value !== undefined) {
        throw new UsageError(`${written}: takes no value; got ${value}`);
      }
      if (shape.repeats) {
        lists.set(key, [...(lists.get(key) ?? []), value ?? ""]);
      } else if (options.has(key)) {
        throw new UsageError(`${written}: given twice`);
      } else {
        options.set(key, isFlag ? asFlag(value ?? String(!isNegated)) : (value ?? ""));
        if (isFlag && value === undefined && !isNegated) flag = key;
      }
    }
  }
  return { positionals, options, lists };
}

/** The words in the order they were given in; which options take a value must be said before. */
function tokensOf(words: readonly string[], find: (key: string) => Shape | undefined) {
  const keys = words.flatMap((word) => /^--([^=]+)/.exec(word)?.[1] ?? []);
  const valued = keys.filter((key) => (find(camelCase(key)) ?? FLAG).kind !== "flag");
  const { tokens } = parseArgs({
    args: [...words],
    options: Object.fromEntries(valued.map((key) => [key, { type: "string" }] as const)),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens;
}

const FLAG: Shape = { kind: "flag" };

/** The key of "no-flag" is that of the flag. */
function readKey(written: string, find: (key: string) => Shape | undefined) {
  const negated = /^no-(.+)$/.exec(written)?.[1];
  const key = camelCase(negated ?? "");
  return negated !== undefined && find(key)?.kind === "flag"
    ? { key, isNegated: true }
    : { key: camelCase(written), isNegated: false };
}

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

/** True and false; other words stay, and are refused where values are checked. */
const asFlag = (value: string): string | boolean =>
  value === "true" || value === "false" ? value === "true" : value;
