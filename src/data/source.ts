/**
 * @file The files that a dataset may come in.
 *
 *   parallel  two files; line i of one answers line i of the other
 *   tsv       tab-separated; two columns, or a header line that names them
 *   jsonl     one JSON object a line, its columns by name; .jsonl or .ndjson
 *   text      one document
 *
 * A tab or newline cannot be part of a TSV cell.
 */

import { extname } from "node:path";
import { FormatError, UsageError } from "../errors.ts";
import { isBlank, readFirstJsonLine, readJsonLines, readLines, typeInWords } from "./jsonl.ts";
import type { SentencePair } from "./pair.ts";
import { readTextFile } from "./read-text.ts";

export type DataFormat = "parallel" | "tsv" | "jsonl" | "text";

/** What a dataset is made of: documents, questions with answers, or whole conversations. */
export type ExampleKind = "texts" | "pairs" | "conversations";

export interface PairSource {
  readonly paths: readonly string[];
  /**
   * Column names of a TSV or JSONL file; a TSV has a header line if either is given. Without any, or
   * "source" and "target", a JSONL file may have "prompt" and "completion" instead.
   */
  readonly sourceColumn?: string;
  readonly targetColumn?: string;
}

const FORMATS: Readonly<Record<string, DataFormat>> = {
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
  ".tsv": "tsv",
  ".txt": "text",
};

/**
 * The format of a dataset, by the number and the extensions of its files.
 *
 * @throws {UsageError} if no format has such files.
 */
export function detectFormat(paths: readonly string[]): DataFormat {
  const formats = paths.map((path) => FORMATS[extname(path).toLowerCase()]);
  const [format] = formats;
  if (paths.length === 1 && format !== undefined) return format;
  const twoColumns = formats.some((each) => each === "tsv" || each === "jsonl");
  if (paths.length === 2 && !twoColumns) return "parallel";
  throw new UsageError(`data: no known format; got ${paths.join(", ") || "no files"}`, {
    hint: "give one .txt, .jsonl or .tsv file, or two files with one sentence a line",
  });
}

/** In the order in which they are looked for. */
const KINDS: readonly ExampleKind[] = ["conversations", "pairs", "texts"];

/** The columns of JSONL files that tell what they hold. */
const COLUMNS: Readonly<Record<ExampleKind, readonly (readonly string[])[]>> = {
  conversations: [["messages"]],
  pairs: [
    ["source", "target"],
    ["prompt", "completion"],
  ],
  texts: [["text"]],
};

/**
 * What a dataset holds, by its format and by the first line of a JSONL file; undefined if no column
 * of it is known.
 *
 * @throws {UsageError} if no format has such files.
 * @throws {FormatError} if a line cannot be read.
 */
export async function detectExamples(paths: readonly string[]): Promise<ExampleKind | undefined> {
  const format = detectFormat(paths);
  if (format !== "jsonl") return format === "text" ? "texts" : "pairs";
  const first = await readFirstJsonLine(paths[0] ?? "");
  return KINDS.find((kind) => COLUMNS[kind].some((columns) => hasColumns(first, columns)));
}

const hasColumns = (object: object | undefined, columns: readonly string[]): boolean =>
  object !== undefined && columns.every((column) => Object.hasOwn(object, column));

/**
 * The pairs of a dataset, in order. Lines that are empty on both sides are left out.
 *
 * @throws {UsageError} if the files are not pairs, or lack a column.
 * @throws {FormatError} if line counts differ, a line cannot be read, or one side is empty.
 */
export async function readPairs(spec: PairSource): Promise<SentencePair[]> {
  const format = detectFormat(spec.paths);
  const [path = "", second = ""] = spec.paths;
  if (format === "text") {
    throw new UsageError(`data: pairs need two files or two columns; got ${path}`, {
      hint: "add the file with the other side, or use a .jsonl or .tsv file",
    });
  }
  const rows = await {
    parallel: () => readParallel(path, second),
    tsv: () => readTsv(path, spec),
    jsonl: () => readJsonl(path, columnsOf(spec)),
  }[format]();
  return completePairs(path, rows);
}

/**
 * The documents of a text file (one) or of a JSONL file (one a line). Empty ones are left out.
 *
 * @throws {UsageError} if the file has another format, or lacks the column.
 * @throws {FormatError} if a line cannot be read, or there is no text.
 */
export async function readTexts(path: string, column = "text"): Promise<string[]> {
  const format = detectFormat([path]);
  if (format !== "text" && format !== "jsonl") {
    throw new UsageError(`data: text is read from .txt or .jsonl files; got ${path}`);
  }
  const rows =
    format === "text"
      ? [{ line: 1, cells: [await readTextFile(path)] }]
      : await readJsonl(path, [column]);
  const texts = rows.flatMap(({ cells }) => cells).filter((text) => !isBlank(text));
  if (texts.length === 0) throw new FormatError(path, "there is no text in it");
  return texts;
}

/** The wanted cells of a line, which is counted from 1. */
interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

const columnsOf = ({ sourceColumn = "source", targetColumn = "target" }: PairSource) =>
  [sourceColumn, targetColumn] as const;

async function readParallel(sourcePath: string, targetPath: string): Promise<Row[]> {
  const sources = await readLines(sourcePath);
  const targets = await readLines(targetPath);
  if (sources.length !== targets.length) {
    const counts = `${sources.length} lines and ${targets.length} in ${targetPath}`;
    throw new FormatError(sourcePath, `the two files must have as many lines; got ${counts}`);
  }
  return sources.map((source, i) => ({ line: i + 1, cells: [source, targets[i] ?? ""] }));
}

async function readTsv(path: string, spec: PairSource): Promise<Row[]> {
  const table = (await readLines(path)).map((text) => text.split("\t"));
  const named = spec.sourceColumn !== undefined || spec.targetColumn !== undefined;
  const header = named ? (table[0] ?? []) : ["", ""];
  const wanted = named ? columnsOf(spec).map((name) => columnIndex(path, name, header)) : [0, 1];

  return table.flatMap((cells, i): Row[] => {
    const line = i + 1;
    const isEmpty = cells.length === 1 && isBlank(cells[0] ?? "");
    if (isEmpty || (named && i === 0)) return [];
    if (cells.length !== header.length) {
      const message = `line ${line}: expected ${header.length} columns; got ${cells.length}`;
      throw new FormatError(path, message, { offset: line });
    }
    return [{ line, cells: wanted.map((column) => cells[column] ?? "") }];
  });
}

function columnIndex(path: string, name: string, header: readonly string[]): number {
  const index = header.indexOf(name);
  if (index === -1) throw unknownColumn(path, name, header);
  return index;
}

async function readJsonl(path: string, named: readonly string[]): Promise<Row[]> {
  const lines = await readJsonLines(path);
  const columns = columnsInUse(lines[0]?.object, named);
  return lines.map(({ line, object }): Row => {
    const cells = columns.map((column) => {
      if (!Object.hasOwn(object, column)) {
        throw unknownColumn(`${path}, line ${line}`, column, Object.keys(object));
      }
      const value = object[column];
      if (typeof value === "string") return value;
      const message = `line ${line}: "${column}" must be a string; got ${typeInWords(value)}`;
      throw new FormatError(path, message, { offset: line });
    });
    return { line, cells };
  });
}

/** The named columns, or those that stand for them where the usual ones are missing. */
function columnsInUse(first: object | undefined, named: readonly string[]): readonly string[] {
  const [usual, ...others] = COLUMNS.pairs;
  const isUsual = named.join() === usual?.join();
  if (!isUsual || named.some((column) => hasColumns(first, [column]))) return named;
  return others.find((columns) => hasColumns(first, columns)) ?? named;
}

const unknownColumn = (where: string, name: string, columns: readonly string[]): UsageError =>
  new UsageError(`data: no column "${name}" in ${where}; got ${columns.join(", ") || "none"}`, {
    hint: "name one of these columns",
  });

function completePairs(path: string, rows: readonly Row[]): SentencePair[] {
  const pairs = rows.flatMap(({ line, cells: [source = "", target = ""] }): SentencePair[] => {
    if (isBlank(source) && isBlank(target)) return [];
    if (isBlank(source) || isBlank(target)) {
      const side = isBlank(source) ? "source" : "target";
      throw new FormatError(path, `line ${line}: the ${side} is empty`, { offset: line });
    }
    return [{ source, target }];
  });
  if (pairs.length === 0) throw new FormatError(path, "there are no pairs in it");
  return pairs;
}
