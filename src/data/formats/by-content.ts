/**
 * @file The format of what has no name: the standard input.
 *
 *   it begins with             it is
 *   PAR1                       Parquet
 *   { and a name, also in [    JSON: lines, if the first one is a whole object
 *   a line with tabs           a TSV, if the line has two cells or the columns that are asked for, or names those of pairs
 *   a line with , or ;         a CSV, if the line names such columns, or text
 *   anything else              text
 */

import { byteChunks } from "../bytes/byte-chunks.ts";
import { textChunks } from "../bytes/text-chunks.ts";
import { isObject } from "../../files/json.ts";
import { json, jsonl } from "./json.ts";
import { isParquet, parquet } from "./parquet.ts";
import type { Format, OpenRequest, PlacedRow } from "./row.ts";
import { csv, tsv } from "./table.ts";
import { text } from "./text.ts";

export const byContent: Format = {
  extensions: [],
  kinds: ["texts", "pairs", "conversations", "labelled", "preferences"],
  open: (request) => ({ name: request.path, rows: () => rowsOf(request) }),
};

async function* rowsOf(request: OpenRequest): AsyncGenerator<PlacedRow, void, undefined> {
  yield* (await formatOf(request)).open(request).rows();
}

async function formatOf(request: OpenRequest): Promise<Format> {
  const { files, path } = request;
  for await (const bytes of byteChunks(files, path)) {
    if (isParquet(bytes)) return parquet;
    break;
  }
  for await (const beginning of textChunks(files, path)) {
    if (beginning.trim() !== "") return formatOfText(beginning.trimStart(), request);
  }
  return text;
}

function formatOfText(beginning: string, { columns, isHeader }: OpenRequest): Format {
  const [line = ""] = beginning.split("\n");
  if (/^(\[\s*)?\{\s*["}]/.test(beginning)) return isWhole(line) ? jsonl : json;
  const names = (separator: RegExp, usual: readonly string[] = []) => {
    const cells = line.trimEnd().split(separator);
    const bare = cells.map((cell) => cell.replace(/^"(.*)"$/, "$1"));
    if (columns) return columns.every((name) => bare.includes(name)) && columns.length > 0;
    return (isHeader?.(bare) ?? false) || usual.some((name) => bare.includes(name));
  };
  const tabs = line.split("\t").length - 1;
  if (tabs === 1 || (tabs > 1 && names(/\t/))) return tsv;
  return /[,;]/.test(line) && names(/[,;]/, ["text"]) ? csv : text;
}

function isWhole(line: string): boolean {
  try {
    return isObject(JSON.parse(line));
  } catch {
    return false;
  }
}
