/**
 * @file The options of a run: those of a YAML file, then those of the command line, which win.
 */

import { parseDocument } from "yaml";
import { FormatError, UsageError } from "../../errors.ts";
import {
  optionHelp,
  type OptionHelp,
  parseConfig,
  type TrainConfig,
  type TrainOptions,
} from "../../options/config.ts";
import { findOption, isFlag, optionValue, scalar } from "../../options/option-text.ts";
import { isObject } from "../../files/json.ts";
import { readBytes } from "../../host/content.ts";
import { fileError } from "../../host/file-error.ts";
import { nodeHost } from "../../host/node.ts";
import { camelCase, kebabCase, splitArguments } from "./arguments.ts";
import { checkOptions, type Option, type ParsedOptions } from "./options.ts";
import { closest } from "../../options/suggest.ts";

type Options = Readonly<Record<string, unknown>>;

export interface RunWords {
  /** The options of the run, neither checked nor completed. */
  readonly options: TrainOptions;
  /** Those of the command itself. */
  readonly own: ParsedOptions;
}

/**
 * The configuration that `[config.yaml] [--key value ...]` asks for.
 *
 * @param ownOptions - of the command, beside those of a run
 * @throws {UsageError} if an option or its value is not allowed, or the file cannot be read.
 * @throws {FormatError} with the line, if the file is not YAML.
 */
export async function readRunConfig(
  words: readonly string[],
  ownOptions: readonly Option[] = [],
): Promise<{ readonly config: TrainConfig; readonly own: ParsedOptions }> {
  const { options, own } = await readRunOptions(words, ownOptions);
  return { config: parseConfig(options), own };
}

/** The options that `[config.yaml] [--key value ...]` gives; throws as `readRunConfig` does. */
export async function readRunOptions(
  words: readonly string[],
  ownOptions: readonly Option[] = [],
): Promise<RunWords> {
  const ownOption = (key: string) => ownOptions.find(({ name }) => name === key);
  const takesValue = (key: string) => {
    const own = ownOption(key);
    if (own) return own.value !== undefined;
    return key.includes(".") || !isFlag(runOption(key, ownOptions));
  };
  const { positionals, options } = splitArguments(words, takesValue);
  const [path, unexpected] = positionals;
  if (unexpected !== undefined) {
    throw new UsageError(
      `${unexpected}: unexpected; the one file without an option is the YAML file`,
    );
  }
  const ofRun = [...options].filter(([name]) => !ownOption(name));
  const fromFlags = optionsOf(new Map(ofRun));
  const fromFile = path === undefined ? {} : parseOptionsFile(path, await readText(path));
  return { options: merge(fromFile, fromFlags), own: checkOptions(options, ownOptions) };
}

/**
 * The options in a YAML file; their names may be in kebab-case.
 *
 * @throws {FormatError} with the line, if it is not YAML or not a mapping.
 */
export function parseOptionsFile(path: string, text: string): Options {
  const document = parseDocument(text, { prettyErrors: true });
  const [error] = document.errors;
  if (error) {
    const line = error.linePos?.[0].line ?? 1;
    const [reason = ""] = error.message.split(/ at line \d+/);
    throw new FormatError(path, `line ${line}: not YAML; ${reason}`, { offset: line });
  }
  const root: unknown = document.toJS();
  if (root === null) return {};
  if (!isObject(root)) {
    throw new FormatError(path, `must be YAML of the form "option: value"; got ${kindOf(root)}`);
  }
  const options: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(root)) {
    const name = camelCase(key);
    if (name in options) throw new FormatError(path, `${name}: given twice`);
    options[name] = value;
  }
  return options;
}

/** Options of the command line, with the types that they are allowed to have. */
function optionsOf(given: ReadonlyMap<string, string | boolean>): Options {
  const options: Record<string, unknown> = {};
  for (const [key, value] of given) {
    const [name = "", ...fields] = key.split(".");
    const option = runOption(name);
    if (fields.length === 0) {
      if (name in options) throw new UsageError(`--${name}: given whole and by its fields`);
      options[name] = typeof value === "string" ? optionValue(value, option) : value;
      continue;
    }
    if (!option.allowed.includes("table")) {
      throw new UsageError(`--${key}: ${kebabCase(name)} has no fields`);
    }
    const table = options[name] ?? {};
    if (!isObject(table)) throw new UsageError(`--${name}: given whole and by its fields`);
    // The fields of a table of patterns are names of modules, dots and all.
    const path = option.allowed === "a table of fields" ? [fields.join(".")] : fields;
    options[name] = merge(table, nest(path, typeof value === "string" ? scalar(value) : value));
  }
  return options;
}

const nest = ([field = "", ...inner]: readonly string[], value: unknown): Options => ({
  [field]: inner.length === 0 ? value : nest(inner, value),
});

/** Tables field by field; everything else is replaced. */
function merge(base: Options, over: Options): Options {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    merged[key] = isObject(before) && isObject(value) ? merge(before, value) : value;
  }
  return merged;
}

function runOption(key: string, ownOptions: readonly Option[] = []): OptionHelp {
  const [name = ""] = key.split(".");
  const option = findOption(name);
  if (option) return option;
  const names = [...ownOptions, ...optionHelp()].map((candidate) => kebabCase(candidate.name));
  const near = closest(kebabCase(name), names);
  throw new UsageError(`--${kebabCase(name)}: no such option`, {
    hint: near === undefined ? "flora train --help lists them" : `did you mean --${near}?`,
  });
}

async function readText(path: string): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(
      await readBytes(nodeHost().files, path),
    );
  } catch (error) {
    if (error instanceof TypeError) throw new FormatError(path, "not UTF-8", { cause: error });
    const told = fileError(path, "cannot read the options", error);
    if (!(told instanceof UsageError)) throw told;
    throw new UsageError(told.message, {
      cause: error,
      hint: "the file without an option holds options in YAML; data is given by --train",
    });
  }
}

const kindOf = (value: unknown): string => {
  if (Array.isArray(value)) return "a list";
  return typeof value === "string" ? "plain text" : `a ${typeof value}`;
};
