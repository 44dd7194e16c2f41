/** @file What `--help` says. */

import { optionHelp, type OptionHelp } from "../../options/config.ts";
import { kebabCase } from "./arguments.ts";
import { indent, textWidth, wrap } from "../terminal/layout.ts";
import type { Option } from "./options.ts";

export interface CommandHelp {
  /** After "flora". */
  readonly usage: string;
  readonly summary: string;
  /** Paragraphs below the usage. */
  readonly details?: readonly string[];
  readonly options?: readonly Option[];
  /** Whether it takes the options of a run. */
  readonly takesRun?: boolean;
  readonly examples?: readonly string[];
}

/** The columns in which descriptions begin. */
const OPTION_COLUMN = 30;
const COMMAND_COLUMN = 12;

/** The options at which a new group begins. */
const GROUPS = new Map([
  ["train", "data"],
  ["model", "model"],
  ["method", "method"],
  ["alpha", "adapters"],
  ["optimizer", "optimizer"],
  ["batchSize", "run"],
  ["output", "output"],
]);

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
  const { usage, summary, details = [], options = [], takesRun = false, examples = [] } = help;
  const own = options.flatMap((option) =>
    entry(optionTitle(option), option.description, { column: OPTION_COLUMN, width }),
  );
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
  return optionHelp().flatMap((option) => {
    const group = GROUPS.get(option.name);
    const lines = entry(runOptionTitle(option), describe(option), { column: OPTION_COLUMN, width });
    return group === undefined ? lines : ["", group, ...lines];
  });
}

function optionTitle({ name, value, repeats }: Option): string {
  const title = value === undefined ? `--${kebabCase(name)}` : `--${kebabCase(name)} ${value}`;
  return repeats ? `${title} ...` : title;
}

function runOptionTitle({ name, allowed }: OptionHelp): string {
  const key = kebabCase(name);
  if (allowed === "true or false") return `--[no-]${key}`;
  if (allowed.startsWith("one of")) return `--${key} NAME`;
  if (allowed.includes("list")) return `--${key} A[,B]`;
  if (allowed === "a table of fields") return `--${key}.PATTERN X`;
  if (allowed.includes("table")) return `--${key} DIR, --${key}.FIELD X`;
  if (allowed.startsWith("a whole number")) return `--${key} N`;
  return `--${key} ${allowed.startsWith("a number") ? "NUMBER" : "TEXT"}`;
}

function describe({ description, allowed, default: byDefault }: OptionHelp): string {
  const names = allowed.startsWith("one of ") ? `: ${allowed.slice("one of ".length)}` : "";
  const isWorthSaying = byDefault !== undefined && !["{}", "[]", '""'].includes(byDefault);
  return description + names + (isWorthSaying ? ` [${plain(byDefault)}]` : "");
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
