/**
 * @file The files that a dataset may come in.
 *
 *   parallel  two files; line i of one answers line i of the other
 *   tsv       tab-separated; two columns, or a header line that names them
 *   jsonl     one JSON object a line, its columns by name; .jsonl or .ndjson
 *   text      one document
 */

import { extname } from "node:path";
import { FormatError, UsageError } from "../../errors.ts";
import { isBlank, readFirstJsonLine, readJsonLines, readLines } from "./jsonl.ts";
import type { SentencePair } from "./pair.ts";
import { readTextFile } from "./read-text.ts";
import { type Column, jsonRows, type Row, tsvRows } from "./table.ts";

/** How examples are written in files: "parallel" is two line-aligned files. */
export type DataFormat = "parallel" | "tsv" | "jsonl" | "text";

/** What a dataset is made of: documents, questions with answers, or whole conversations. */
export type ExampleKind = "texts" | "pairs" | "conversations";

/** Where pairs are read from. */
export interface PairSource {
  readonly paths: readonly string[];
  /**
   * Columns of a TSV or JSONL file by name; of a TSV without a header line by number, from 1 on. Without any, or with "source" and
   * "target", a JSONL file may have "prompt" and "completion" instead.
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

/** Without names the first two columns, of which there are no more. */
async function readTsv(path: string, spec: PairSource): Promise<readonly Row[]> {
  const lines = await readLines(path);
  if (spec.sourceColumn !== undefined || spec.targetColumn !== undefined) {
    return tsvRows(path, lines, columnsNamed(columnsOf(spec)));
  }
  const [columns] = lines.map((line) => line.split("\t").length);
  if (columns !== undefined && columns !== 2) {
    throw new FormatError(path, `line 1: expected 2 columns; got ${columns}`, { offset: 1 });
  }
  return tsvRows(path, lines, columnsNamed(["1", "2"]));
}

async function readJsonl(path: string, named: readonly string[]): Promise<readonly Row[]> {
  const objects = await readJsonLines(path);
  return jsonRows(path, objects, columnsNamed(columnsInUse(objects[0]?.object, named)));
}

const columnsNamed = (names: readonly string[]): readonly Column[] =>
  names.map((name) => ({ name }));

/** The named columns, or those that stand for them where the usual ones are missing. */
function columnsInUse(first: object | undefined, named: readonly string[]): readonly string[] {
  const [usual, ...others] = COLUMNS.pairs;
  const isUsual = named.join() === usual?.join();
  if (!isUsual || named.some((column) => hasColumns(first, [column]))) return named;
  return others.find((columns) => hasColumns(first, columns)) ?? named;
}

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
