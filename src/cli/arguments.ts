/**
 * @file The words of a command line, apart from what they mean.
 *
 *   --key value   --key=value   --flag   --no-flag   --table.field value   --   positional
 *
 * Keys may be in kebab-case or camelCase. A value that begins with "--" needs the form with "=".
 */

import { UsageError } from "../errors.ts";

export interface Arguments {
  readonly positionals: readonly string[];
  /** By key in camelCase; what follows a dot is kept as it is. True and false for flags. */
  readonly options: ReadonlyMap<string, string | boolean>;
}

/**
 * Splits a command line.
 *
 * @param flags - keys that need no value
 * @throws {UsageError} if an option is given twice, lacks its value, or has a value and "--no-".
 */
export function splitArguments(
  words: readonly string[],
  flags: ReadonlySet<string> = new Set(),
): Arguments {
  const positionals: string[] = [];
  const options = new Map<string, string | boolean>();
  const rest = [...words];

  const take = (written: string, key: string, value: string | boolean | undefined): void => {
    if (value === undefined) throw new UsageError(`--${written}: needs a value`);
    if (options.has(key)) throw new UsageError(`--${written}: given twice`);
    options.set(key, value);
  };

  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") {
      positionals.push(...rest.splice(0));
    } else if (word === "-" || !word.startsWith("-")) {
      positionals.push(word);
    } else if (!word.startsWith("--")) {
      throw new UsageError(`${word}: no such option`, { hint: "options begin with two dashes" });
    } else {
      const [, written = "", value] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
      const key = camelCase(written);
      const negated = /^no-(.+)$/.exec(written)?.[1];
      if (negated !== undefined && flags.has(camelCase(negated))) {
        if (value !== undefined) throw new UsageError(`--${written}: takes no value; got ${value}`);
        take(written, camelCase(negated), false);
      } else if (value !== undefined) {
        take(written, key, flags.has(key) ? asFlag(value) : value);
      } else if (flags.has(key)) {
        const isSaid = rest[0] === "true" || rest[0] === "false";
        take(written, key, isSaid ? rest.shift() === "true" : true);
      } else {
        take(written, key, rest[0]?.startsWith("--") ? undefined : rest.shift());
      }
    }
  }
  return { positionals, options };
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

const quote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** True and false; other words stay, for whoever knows the option to object to. */
const asFlag = (value: string): string | boolean =>
  value === "true" || value === "false" ? value === "true" : value;
