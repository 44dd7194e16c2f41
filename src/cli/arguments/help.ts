/** @file What `--help` says. */

import { placeholder } from "../../options/tables/kinds.ts";
import { INPUT_OPTIONS, OPTION_GROUPS } from "../../options/option-table.ts";
import type { Option, OptionTable } from "../../options/tables/option.ts";
import { asFlag, kebabCase } from "../../options/tables/spelling.ts";
import { indent, textWidth, wrap } from "../terminal/layout.ts";

export interface CommandHelp {
  /** After "flora". */
  readonly usage: string;
  readonly summary: string;
  /** Paragraphs below the usage. */
  readonly details?: readonly string[];
  readonly options?: OptionTable;
  /** Whether it takes the options of a run. */
  readonly takesRun?: boolean;
  readonly examples?: readonly string[];
}

/** The columns in which descriptions begin. */
const OPTION_COLUMN = 30;
const COMMAND_COLUMN = 12;

/** The page of `flora --help`. */
export function mainHelp(commands: Readonly<Record<string, CommandHelp>>, width: number): string[] {
  return [
    "flora: full-rank training of transformers in LoRA-sized memory",
    "",
    "usage: flora <command> [options]",
    "",
    ...Object.entries(commands).flatMap(([name, { summary }]) =>
      entry(name, summary, { column: COMMAND_COLUMN, width }),
    ),
    "",
    "flora <command> --help tells more about a command; flora --version, which flora this is.",
    "flora train, with nothing else, trains a small translator in a few minutes.",
  ];
}

/** The page of `flora <command> --help`. */
export function commandHelp(help: CommandHelp, width: number): string[] {
  const { usage, summary, details = [], options = {}, takesRun = false, examples = [] } = help;
  const own = optionLines(options, width);
  return [
    `usage: flora ${usage}`,
    "",
    ...wrap(`${summary}.`, width),
    ...details.flatMap((paragraph) => ["", ...wrap(paragraph, width)]),
    ...(own.length > 0 ? ["", "options", ...own] : []),
    ...(takesRun ? runOptions(width) : []),
    ...(examples.length > 0 ? ["", "examples", ...indent(examples)] : []),
  ];
}

/** All options of a run, in groups. */
function runOptions(width: number): string[] {
  const { data, ...rest } = OPTION_GROUPS;
  const groups = { data: { ...INPUT_OPTIONS, ...data }, ...rest };
  return Object.entries(groups).flatMap(([name, group]) => [
    "",
    name,
    ...optionLines(group, width),
  ]);
}

const optionLines = (table: OptionTable, width: number): string[] =>
  Object.entries(table).flatMap(([name, option]) =>
    entry(titleOf(name, option), describe(option), { column: OPTION_COLUMN, width }),
  );

/** An option with what stands for its value; a flag that may be true by itself can be turned off. */
function titleOf(name: string, option: Option): string {
  const { kind, default: byDefault, repeats } = option;
  const flag = asFlag(name);
  if (kind === "flag") return byDefault === undefined ? flag : `--[no-]${kebabCase(name)}`;
  if (kind === "table") return `${flag}.PATTERN X`;
  const written = `${flag} ${placeholder(option)}`;
  if (kind === "model") return `${written}, ${flag}.FIELD X`;
  return repeats ? `${written} ...` : written;
}

/** What an option does, what it may be if that is a choice, and what it is if it is not given. */
function describe({ help, choices, default: byDefault }: Option): string {
  const names = choices ? `: ${choices.join(", ")}` : "";
  const json = JSON.stringify(byDefault) ?? "";
  return help + names + (["", "{}", "[]", '""'].includes(json) ? "" : ` [${plain(json)}]`);
}

/** A default as it is typed: without quotes and brackets, except around what would not be seen. */
const plain = (json: string): string =>
  /^\[?"[\w./*-]+"(,"[\w./*-]+")*\]?$/.test(json) ? json.replaceAll(/[[\]"]/g, "") : json;

function entry(
  title: string,
  description: string,
  { column, width }: { readonly column: number; readonly width: number },
): string[] {
  const [first = "", ...rest] = wrap(description, Math.max(20, width - column));
  const start = `  ${title}`;
  const space = " ".repeat(column);
  const continued = rest.map((line) => space + line);
  return textWidth(start) + 2 > column
    ? [start, space + first, ...continued]
    : [start.padEnd(column) + first, ...continued];
}
