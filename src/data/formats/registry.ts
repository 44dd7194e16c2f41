/**
 * @file The formats that data are read in. A new one is a file beside this one, and a word in this list: loading, downloading and the
 * messages about data know it then.
 */

import { UsageError } from "../../errors.ts";
import { extension } from "../../host/path.ts";
import { byContent } from "./by-content.ts";
import { json, jsonl } from "./json.ts";
import { parquet } from "./parquet.ts";
import type { Format, RowKind } from "./row.ts";
import { csv, tsv } from "./table.ts";
import { text } from "./text.ts";

/** Formats of files; where two know an extension, the last has it: one of somebody's own, say. */
export type Formats = readonly Format[];

/** The formats that the library knows: plain text, tables with tabs or commas, JSON, and Parquet. */
export const FORMATS: Formats = [text, tsv, csv, jsonl, json, parquet];

/** What a path is called that stands for the standard input. */
export const STANDARD_INPUT = "-";

/** The format of a file, which gzip or zstd may have packed. */
export function formatOf(path: string, formats: Formats = FORMATS): Format | undefined {
  if (path === STANDARD_INPUT) return byContent;
  const unpacked = path.replace(/\.(gz|zst)$/i, "");
  return formats.findLast(({ extensions }) =>
    extensions.includes(extension(unpacked).toLowerCase()),
  );
}

/** What files hold: rows of one of the formats each, or, two of them, a sentence a line and its translation. */
export type FilesFormat = readonly [Format, ...Format[]] | "parallel";

/**
 * The formats of the files of a dataset, which are read one after another; "parallel" is that of two files with one sentence a line.
 *
 * @param areNamed - whether each was named by itself, as two of such a pair are
 * @throws {UsageError} if one has no known format.
 */
export function detectFormat(
  paths: readonly string[],
  formats: Formats = FORMATS,
  { areNamed = true }: { readonly areNamed?: boolean } = {},
): FilesFormat {
  const found = paths.map((path) => formatOf(path, formats));
  const hasTable = found.some((each) => each?.kinds.includes("pairs"));
  if (areNamed && paths.length === 2 && !hasTable) return "parallel";
  const [first, ...others] = found.filter((format) => format !== undefined);
  if (first && others.length + 1 === paths.length) return [first, ...others];
  const unknown = paths.filter((_, i) => found[i] === undefined);
  const usual = formats.flatMap(({ extensions: [usualOne = ""] }) => usualOne);
  throw new UsageError(`data: no known format; got ${unknown.join(", ") || "no files"}`, {
    hint: unknown.some((path) => PACKED.test(path))
      ? "unpack it first: of packed files those of gzip and zstd are read"
      : `give ${oneOf(usual)} files, or two files with one sentence a line`,
  });
}

/** Files that hold others, or are packed in ways that are not read. */
const PACKED = /\.(zip|tar|tgz|gz|bz2|xz|zst|lz4|7z|rar)$/i;

/** The usual extensions of the formats that can hold a kind of rows, as ".tsv or .jsonl". */
export const extensionsFor = (kind: RowKind, formats: Formats = FORMATS): string =>
  oneOf(
    formats
      .filter(({ kinds }) => kinds.includes(kind))
      .flatMap(({ extensions: [first = ""] }) => first),
  );

/** All extensions of files that can be read. */
export const readableExtensions = (formats: Formats = FORMATS): readonly string[] =>
  formats.flatMap(({ extensions }) => extensions).toSorted();

/** "a, b or c". */
export const oneOf = (words: readonly string[]): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;

/** Whether a file can be read as data. */
export const isReadable = (path: string, formats: Formats = FORMATS): boolean =>
  formatOf(path, formats) !== undefined;
