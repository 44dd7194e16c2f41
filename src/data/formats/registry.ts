/**
 * @file The formats that data are read in. A new one is a file beside this one, and a word in this list: loading, downloading and the
 * messages about data know it then.
 */

import { UsageError } from "../../errors.ts";
import { extension } from "../../host/path.ts";
import { jsonl } from "./jsonl.ts";
import type { Format, RowKind } from "./row.ts";
import { text } from "./text.ts";
import { tsv } from "./tsv.ts";

/** Formats of files; where two know an extension, the first has it. */
export type Formats = readonly Format[];

/** The formats that the library knows: plain text, tables with tabs, and JSON lines. */
export const FORMATS: Formats = [text, tsv, jsonl];

export const formatOf = (path: string, formats: Formats = FORMATS): Format | undefined =>
  formats.find(({ extensions }) => extensions.includes(extension(path).toLowerCase()));

/**
 * The format of a dataset, by the number and the extensions of its files: "parallel" is that of two files with one sentence a line.
 *
 * @throws {UsageError} if no format has such files.
 */
export function detectFormat(
  paths: readonly string[],
  formats: Formats = FORMATS,
): Format | "parallel" {
  const found = paths.map((path) => formatOf(path, formats));
  const [format] = found;
  if (paths.length === 1 && format !== undefined) return format;
  const hasTable = found.some((each) => each?.kinds.includes("pairs"));
  if (paths.length === 2 && !hasTable) return "parallel";
  const usual = formats.flatMap(({ extensions: [first = ""] }) => first);
  throw new UsageError(`data: no known format; got ${paths.join(", ") || "no files"}`, {
    hint: `give one ${oneOf(usual)} file, or two files with one sentence a line`,
  });
}

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
