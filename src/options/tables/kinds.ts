/** @file The kinds of options: what a value may be in words, what a word stands for, and what stands for a value in the help. */

import type { Kind, Option } from "./option.ts";

interface KindRules {
  /** What a value may be. */
  readonly allowed: (option: Option) => string;
  /** The value that a word of the command line stands for; what is not of the kind stays text, and is refused as such. */
  readonly read: (word: string) => unknown;
  /** For the value in the help; "." where the fields of a table are written. */
  readonly placeholder?: string;
}

const asText = (word: string): string => word;
const asList = (word: string): readonly string[] => (word === "" ? [] : word.split(","));
const asNumber = (word: string): number | string =>
  /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word) ? Number(word) : word;

const CONSTANTS = new Map<string, unknown>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/** A constant, a number or the word itself: for the fields of a table. */
export const scalar = (word: string): unknown =>
  CONSTANTS.has(word) ? CONSTANTS.get(word) : asNumber(word);

const RULES: Readonly<Record<Kind, KindRules>> = {
  flag: {
    allowed: () => "true or false",
    read: (word) => (word === "true" || word === "false" ? word === "true" : word),
  },
  integer: {
    allowed: (option) => `a whole number ${range(option)}`.trim(),
    read: asNumber,
    placeholder: "N",
  },
  number: {
    allowed: (option) => `a number ${range(option)}`.trim(),
    read: asNumber,
    placeholder: "NUMBER",
  },
  text: { allowed: () => "a text", read: asText, placeholder: "TEXT" },
  choice: {
    allowed: ({ choices = [] }) => `one of ${choices.join(", ")}`,
    read: asText,
    placeholder: "NAME",
  },
  list: {
    allowed: ({ choices }) =>
      choices ? `one or several of ${choices.join(", ")}` : "a text or a list of texts",
    read: asList,
    placeholder: "A[,B]",
  },
  // Whether a comma separates files is up to those who know them.
  paths: { allowed: () => "a path or a list of paths", read: asText, placeholder: "A[,B]" },
  numbers: {
    allowed: (option) => `a list of ${`numbers ${range(option)}`.trim()}`,
    read: (word) => word.split(",").map(asNumber),
    placeholder: "N[,N]",
  },
  table: {
    allowed: (option) => `a table of ${`numbers ${range(option)}`.trim()}`,
    read: asText,
  },
  model: {
    allowed: () => "a directory, a name on the Hub, or a table of fields",
    read: asText,
    placeholder: "DIR",
  },
};

/** What the value of an option may be: "one of a, b", "a whole number at least 1". */
export const allowedValues = (option: Option): string => RULES[option.kind].allowed(option);

/** What a field of a table may be. */
export const allowedFields = (option: Option): string => RULES.number.allowed(option);

/** The value that a word stands for. */
export const optionValue = (word: string, { kind }: Option): unknown => RULES[kind].read(word);

/** What stands for the value in the help; undefined for what is written without one. */
export const placeholder = ({
  kind,
  value = RULES[kind].placeholder,
}: Option): string | undefined => value;

function range({ above, min, below, max }: Option): string {
  const bounds = [
    ...(above === undefined ? [] : [`above ${above}`]),
    ...(min === undefined ? [] : [`at least ${min}`]),
    ...(below === undefined ? [] : [`below ${below}`]),
    ...(max === undefined ? [] : [`at most ${max}`]),
  ];
  return bounds.join(" and ");
}
