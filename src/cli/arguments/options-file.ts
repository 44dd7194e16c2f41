/** @file The file of options: YAML, of which everything that is not quite right is refused with its line. */

import {
  type Alias,
  type Document,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from "yaml";
import { isReadable } from "../../data/formats/registry.ts";
import { FormatError, option, UsageError } from "../../errors.ts";
import { isObject } from "../../files/json.ts";
import { readBytes } from "../../host/content.ts";
import { fileError } from "../../host/file-error.ts";
import { nodeHost } from "../../host/node.ts";
import { camelCase } from "../../options/tables/spelling.ts";

type Values = Readonly<Record<string, unknown>>;

/** What such a file says. */
export interface OptionsFile {
  readonly options: Values;
  /** Where each of them stands, and each of their fields, after a dot; from 1. */
  readonly lines: ReadonlyMap<string, number>;
}

/** Where there is no file. */
export const NO_FILE: OptionsFile = { options: {}, lines: new Map() };

/**
 * The options in a YAML file; their names may be in kebab-case.
 *
 * @throws {FormatError} with the line, if it is not YAML or not a mapping.
 */
export function parseOptionsFile(path: string, text: string): OptionsFile {
  const counter = new LineCounter();
  const document = parseDocument(text, {
    prettyErrors: true,
    lineCounter: counter,
    logLevel: "error",
  });
  // What it warns of, a tag that it does not know say, it takes for something else.
  const [error] = [...document.errors, ...document.warnings];
  if (error) {
    const line = error.linePos?.[0].line ?? 1;
    const [reason = ""] = error.message.split(/ at line \d+|; please|: *$/);
    const told = REASONS.get(reason) ?? reason;
    throw new FormatError(path, `line ${line}: not YAML; ${told}`, { offset: line });
  }
  const root = contentOf(path, document, counter);
  if (root === null) return NO_FILE;
  if (!isObject(root)) {
    throw new FormatError(path, `must be YAML of the form "option: value"; got ${kindOf(root)}`);
  }
  const options = new Map<string, unknown>();
  for (const [key, value] of Object.entries(root)) {
    const name = camelCase(key);
    if (options.has(name)) throw new FormatError(path, `${name}: given twice`);
    options.set(name, value);
  }
  return {
    options: Object.fromEntries(options),
    lines: new Map(linesOf(document.contents, counter)),
  };
}

/** What the library calls otherwise. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ["Maximum call stack size exceeded", "nested too deeply"],
  ["Source contains multiple documents", "more than one document"],
]);

/** @throws {FormatError} if aliases stand for nothing, for themselves, or for more than anybody writes. */
function contentOf(path: string, document: Document, counter: LineCounter): unknown {
  const fail = ({ range, source }: Alias, message: string): never => {
    const { line } = counter.linePos(range?.[0] ?? 0);
    throw new FormatError(path, `line ${line}: *${source}: ${message}`, { offset: line });
  };
  const anchored = new Map<string, Node>();
  visit(document, {
    Value(_, node) {
      if (node.anchor !== undefined) anchored.set(node.anchor, node);
    },
    Alias(_, alias, parents) {
      const meant = anchored.get(alias.source);
      if (!meant) fail(alias, "no &anchor of this name stands before it");
      if (parents.some((parent) => parent === meant)) fail(alias, "stands for what it stands in");
    },
  });
  try {
    return document.toJS();
  } catch (cause) {
    if (!(cause instanceof ReferenceError)) throw cause;
    throw new FormatError(path, "aliases stand for aliases too often", { cause });
  }
}

/** The lines of the keys, and of those within; a key within follows a dot. */
function linesOf(
  node: unknown,
  counter: LineCounter,
): readonly (readonly [name: string, line: number])[] {
  if (!isMap(node)) return [];
  return node.items.flatMap(({ key, value }) => {
    if (!isScalar(key)) return [];
    const name = camelCase(String(key.value));
    const within = linesOf(value, counter).map(
      ([inner, line]) => [`${name}.${inner}`, line] as const,
    );
    return [[name, counter.linePos(key.range?.[0] ?? 0).line] as const, ...within];
  });
}

/** More than anybody writes. */
const MOST_BYTES = 1_000_000;

/** For those who name a file of data without its option. */
export const DATA_HINT: string = `data is given by ${option("train", "A,B")}, with commas between its files, or a glob in quotes`;

/**
 * The text of such a file.
 *
 * @throws {UsageError} if it cannot be read, or is one of data.
 * @throws {FormatError} if it is not UTF-8.
 */
export async function readOptionsText(path: string): Promise<string> {
  const { files } = nodeHost();
  const bytes = (await files.stat(path).catch(() => undefined))?.bytes ?? 0;
  const isData = isReadable(path) && !path.endsWith(".json");
  if (isData || bytes > MOST_BYTES) {
    const got = isData ? "a file of data" : `${(bytes / 1e6).toFixed(1)} MB`;
    const message = `${path}: options are read from a short file in YAML; got ${got}`;
    throw new UsageError(message, { hint: DATA_HINT });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readBytes(files, path));
  } catch (error) {
    if (error instanceof TypeError) throw new FormatError(path, "not UTF-8", { cause: error });
    const told = fileError(path, "cannot read the options", error);
    if (!(told instanceof UsageError)) throw told;
    throw new UsageError(told.message, {
      cause: error,
      hint: `the file without an option holds options in YAML; data is given by ${option("train")}`,
    });
  }
}

const kindOf = (value: unknown): string => {
  if (Array.isArray(value)) return "a list";
  return typeof value === "string" ? "plain text" : `a ${typeof value}`;
};
