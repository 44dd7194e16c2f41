/** @file Rows of Parquet files, a group of rows at a time: https://parquet.apache.org/docs/file-format/. */

import type { AsyncBuffer, FileMetaData, SchemaTree } from "hyparquet";
import { FormatError, UsageError } from "../../errors.ts";
import type { FileStore } from "../../host/host.ts";
import { readPart } from "../bytes/file-parts.ts";
import type { SharePlace } from "../bytes/row-share.ts";
import type { Format, OpenRequest, PlacedRow } from "./row.ts";

export const parquet: Format = {
  extensions: [".parquet"],
  kinds: ["texts", "pairs", "conversations", "labelled", "preferences"],
  open: (request) => ({
    name: request.path,
    unit: "row",
    rows: () => rowsOf(request),
    async share(place) {
      const file = await bufferOf(request.files, request.path);
      const { row_groups: groups } = await metadataOf(request.path, file);
      // Every rank is to have some.
      if (groups.length < place.count) return undefined;
      return { bytes: file.byteLength, rows: () => rowsOf(request, place) };
    },
  }),
};

/**
 * The rows of all groups, or of a share of the groups.
 *
 * @throws {UsageError} if the file cannot be read.
 * @throws {FormatError} if it is not Parquet, or damaged.
 */
async function* rowsOf(
  { files, path }: OpenRequest,
  { index, count }: SharePlace = { index: 0, count: 1 },
): AsyncGenerator<PlacedRow, void, undefined> {
  const [library, { compressors }] = await Promise.all([
    import("hyparquet"),
    import("hyparquet-compressors"),
  ]);
  const file = await bufferOf(files, path);
  const metadata = await metadataOf(path, file);
  const groups = metadata.row_groups.length;
  const [first, end] = [index, index + 1].map((i) => Math.floor((groups * i) / count));
  let rowStart = 0;
  for (const [i, group] of metadata.row_groups.entries()) {
    const rowEnd = rowStart + Number(group.num_rows);
    if (i >= (first ?? 0) && i < (end ?? groups)) {
      const request = { file, metadata, compressors, rowStart, rowEnd };
      const rows = await told(path, () => library.parquetReadObjects(request));
      for (const [place, row] of rows.entries()) {
        const cells = Object.entries(row).map(([name, cell]) => [name, plain(cell)] as const);
        yield { row: Object.fromEntries(cells), line: rowStart + place + 1 };
      }
    }
    rowStart = rowEnd;
  }
}

async function metadataOf(path: string, file: AsyncBuffer): Promise<FileMetaData> {
  const { parquetMetadataAsync, parquetSchema } = await import("hyparquet");
  return told(path, async () => {
    const read = await parquetMetadataAsync(file);
    checkColumns(read, parquetSchema(read));
    return read;
  });
}

/** The library starts to read all columns of a group at once: those that it stumbles over later would fail with nobody waiting for them. */
function checkColumns({ row_groups: groups }: FileMetaData, schema: SchemaTree): void {
  const expected = leavesOf(schema);
  if (new Set(expected).size !== expected.length) throw new Error("two columns of one name");
  for (const { columns } of groups) {
    const found = columns.map(({ meta_data: about }) => about?.path_in_schema.join("\0"));
    const isWhole =
      found.length === expected.length && expected.every((leaf) => found.includes(leaf));
    if (!isWhole) throw new Error("a group of rows with other columns than the schema");
  }
}

/** The paths of the columns that have values. */
const leavesOf = ({ children, path }: SchemaTree): readonly string[] =>
  children.length === 0 ? [path.join("\0")] : children.flatMap(leavesOf);

/** The file, as the library reads it. @throws {FormatError} if it does not begin as Parquet does. */
async function bufferOf(files: FileStore, path: string): Promise<AsyncBuffer> {
  const { bytes, total } = await readPart(files, path, [0, MAGIC.length]);
  if (!isParquet(bytes)) {
    throw new FormatError(path, `not Parquet; got a file that does not begin with ${MAGIC}`);
  }
  return {
    byteLength: total,
    async slice(start, end = total) {
      const place = (at: number) => (at < 0 ? total + at : at);
      const part = await readPart(files, path, [place(start), place(end)]);
      return part.bytes.buffer;
    },
  };
}

const MAGIC = "PAR1";

/** Whether a file that begins so is Parquet. */
export const isParquet = (beginning: Uint8Array): boolean =>
  new TextDecoder().decode(beginning.subarray(0, MAGIC.length)) === MAGIC;

/** What the library says of a file, as an error about it. */
async function told<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new FormatError(path, `damaged, or in a form of Parquet that is not read; got ${got}`, {
      cause,
    });
  }
}

/** A cell as JSON would have it, since that is what is known of rows; bytes stay what they are. */
function plain(cell: unknown): unknown {
  if (cell === undefined) return null;
  if (typeof cell === "bigint")
    return Number.isSafeInteger(Number(cell)) ? Number(cell) : `${cell}`;
  if (typeof cell !== "object" || cell === null || cell instanceof Uint8Array) return cell;
  if (cell instanceof Date) return cell.toISOString();
  if (Array.isArray(cell)) return cell.map(plain);
  return Object.fromEntries(Object.entries(cell).map(([name, value]) => [name, plain(value)]));
}
