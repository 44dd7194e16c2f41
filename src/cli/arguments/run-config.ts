/**
 * @file The options of a run: those of a YAML file, then those of the command line, which win.
 */

import { option, UsageError } from "../../errors.ts";
import {
  checkOptions,
  parseConfig,
  type TrainConfig,
  type TrainOptions,
} from "../../options/config.ts";
import { isReadable } from "../../data/formats/registry.ts";
import { isObject } from "../../files/json.ts";
import { nodeHost } from "../../host/node.ts";
import { optionValue, scalar } from "../../options/tables/kinds.ts";
import { INPUT_OPTIONS, OPTIONS } from "../../options/option-table.ts";
import { findOption, type OptionTable } from "../../options/tables/option.ts";
import { optionError } from "../../options/tables/problems.ts";
import { problemsOf } from "../../options/tables/schema.ts";
import { splitArguments } from "./arguments.ts";
import { DATA_HINT, NO_FILE, parseOptionsFile, readOptionsText } from "./options-file.ts";
import { parsedOptions, type ParsedOptions, unknownOption, valuesOf } from "./options.ts";

type Values = Readonly<Record<string, unknown>>;

export interface RunWords {
  /** The options of the run, not completed. */
  readonly options: TrainOptions;
  /** The dataset on the Hub that was named. */
  readonly dataset: string | undefined;
  /** The options of the command itself. */
  readonly own: ParsedOptions;
}

const RUN_OPTIONS: OptionTable = { ...INPUT_OPTIONS, ...OPTIONS };

/**
 * The configuration that `[config.yaml] [--key value ...]` asks for.
 *
 * @param ownOptions - of the command, beside those of a run
 * @throws {UsageError} if options or their values are not allowed, or the file cannot be read.
 * @throws {FormatError} with the line, if the file is not YAML.
 */
export async function readRunConfig(
  words: readonly string[],
  ownOptions: OptionTable = {},
): Promise<{ readonly config: TrainConfig; readonly own: ParsedOptions }> {
  const { options, own } = await readRunOptions(words, ownOptions);
  return { config: parseConfig(options), own };
}

/** The options that `[config.yaml] [--key value ...]` gives; throws as `readRunConfig` does. */
export async function readRunOptions(
  words: readonly string[],
  ownOptions: OptionTable = {},
): Promise<RunWords> {
  const table = { ...ownOptions, ...RUN_OPTIONS };
  const { positionals, options: given } = splitArguments(
    words,
    (key) => (key.includes(".") ? findField(key, table) : findOption(table, key)),
    (key) => unknownOption(headOf(key), table, "flora train --help lists them"),
  );
  const [path = "", unexpected] = positionals;
  if (unexpected !== undefined) {
    const message = `${unexpected}: unexpected; the one file without an option is the YAML file`;
    throw new UsageError(message, isReadable(unexpected) ? { hint: DATA_HINT } : {});
  }
  const file = path === "" ? NO_FILE : parseOptionsFile(path, await readOptionsText(path));
  const ownValues = valuesOf(given, ownOptions);
  const flags = optionsOf(new Map([...given].filter(([name]) => !findOption(ownOptions, name))));
  const values = merge(file.options, flags);
  const problems = [...problemsOf(ownOptions, ownValues), ...problemsOf(RUN_OPTIONS, values)];
  if (problems.length > 0) {
    const isFlag = (name: string) => has(ownValues, name) || has(flags, name);
    const lineOf = (name: string) => file.lines.get(name) ?? file.lines.get(headOf(name)) ?? 1;
    const inFile = (name: string) => `${path}: line ${lineOf(name)}: ${name}`;
    const nameOf = (name: string) => (isFlag(name) ? option(name) : inFile(name));
    throw optionError(problems, { table, nameOf });
  }
  const { dataset, ...options } = values;
  return {
    options: checkOptions(await withPaths(options, flags)),
    dataset: typeof dataset === "string" ? dataset : undefined,
    own: parsedOptions(ownOptions, ownValues),
  };
}

/** Options of the command line, as the values that their words stand for. */
function optionsOf(given: ReadonlyMap<string, string | boolean>): Values {
  const options: Record<string, unknown> = {};
  for (const [key, word] of given) {
    const [name = "", ...fields] = key.split(".");
    const entry = findOption(RUN_OPTIONS, name);
    if (!entry) continue;
    if (fields.length === 0) {
      if (name in options) throw new UsageError(`${option(name)}: given whole and by its fields`);
      if (entry.kind === "table") {
        throw new UsageError(`${option(name)}: must be given by its fields; got ${word}`, {
          hint: `for example ${option(`${name}.c_attn`, String(word))}`,
        });
      }
      options[name] = typeof word === "string" ? optionValue(word, entry) : word;
      continue;
    }
    if (entry.kind !== "table" && entry.kind !== "model") {
      throw new UsageError(`${option(key)}: ${option(name)} has no fields`);
    }
    const table = options[name] ?? {};
    if (!isObject(table)) throw new UsageError(`${option(name)}: given whole and by its fields`);
    // The fields of a table of patterns are names of modules, dots and all.
    const path = entry.kind === "table" ? [fields.join(".")] : fields;
    options[name] = merge(table, nest(path, typeof word === "string" ? scalar(word) : word));
  }
  return options;
}

/** The options with the files that words of the command line name: a comma stands between two, where no file has it in its name, and no glob in its braces. */
async function withPaths(options: Values, flags: Values): Promise<Values> {
  const { files } = nodeHost();
  const lists = Object.entries(flags).map(async ([name, word]) => {
    const isPaths = findOption(RUN_OPTIONS, name)?.kind === "paths";
    if (!isPaths || typeof word !== "string" || !word.includes(",")) return [];
    const isWhole = (await files.stat(word).catch(() => undefined)) !== undefined;
    return isWhole
      ? []
      : [[name, word.split(BETWEEN_PATHS).filter((path) => path !== "")] as const];
  });
  return { ...options, ...Object.fromEntries((await Promise.all(lists)).flat()) };
}

const BETWEEN_PATHS = /,(?![^{]*\})/;

const headOf = (key: string): string => key.split(".")[0] ?? "";

/** The field of an option takes a value, if there is such an option. */
const findField = (key: string, table: OptionTable) =>
  findOption(table, headOf(key)) && ({ kind: "text" } as const);

/** Whether an option, or a field of one, is among the values. */
function has(values: Values, name: string): boolean {
  const [head = "", ...fields] = name.split(".");
  if (!Object.hasOwn(values, head)) return false;
  const value = values[head];
  return fields.length === 0 || (isObject(value) && Object.hasOwn(value, fields.join(".")));
}

const nest = ([field = "", ...inner]: readonly string[], value: unknown): Values => ({
  [field]: inner.length === 0 ? value : nest(inner, value),
});

/** Tables field by field; everything else is replaced. */
function merge(base: Values, over: Values): Values {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    merged[key] = isObject(before) && isObject(value) ? merge(before, value) : value;
  }
  return merged;
}
