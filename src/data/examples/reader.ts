/** @file From rows to examples: all of a source, each made by a pure function of its row. */

import { FormatError, UsageError } from "../../errors.ts";
import type { PlacedRow, RowSource } from "../formats/row.ts";

/** The example of a row; undefined if the row is to be left out. Pure. */
export type RowReader<E> = (placed: PlacedRow) => E | undefined;

/** How rows become examples of one kind. */
export interface ExampleReader<E> {
  /** In the plural, for messages. */
  readonly what: string;
  /** How all rows are read, which the first may decide. */
  reader(source: RowSource, first: PlacedRow): RowReader<E>;
  /** The columns that are read then, in words. */
  columns(source: RowSource, first: PlacedRow): string;
}

/** How many examples there may be, and who is told of them. */
export interface ReadOptions {
  readonly mostBytes?: number | undefined;
  /** Is told the columns of the first row, in words. */
  readonly tell?: ((columns: string) => void) | undefined;
}

/** Bytes of an example and its sequence beside their characters, as measured; those of tokens are elsewhere. */
const EXAMPLE_BYTES = 300;

/**
 * The examples of a source, one after another, of which none is kept.
 *
 * @throws {UsageError} if columns are missing.
 * @throws {FormatError} if a row is no example.
 */
export async function* streamExamples<E>(
  source: RowSource,
  { reader, columns }: ExampleReader<E>,
  { tell = () => undefined }: Pick<ReadOptions, "tell"> = {},
): AsyncGenerator<E, void, undefined> {
  let read: RowReader<E> | undefined;
  for await (const placed of source.rows()) {
    if (!read) {
      read = reader(source, placed);
      // What a format has of itself nobody asks about.
      if (!source.ownColumns) tell(columns(source, placed));
    }
    const example = placed.isElsewhere ? undefined : read(placed);
    if (example !== undefined) yield example;
  }
}

/**
 * The examples of a source, in order.
 *
 * @throws {UsageError} if columns are missing, or the examples would take more than `mostBytes`.
 * @throws {FormatError} if a row is no example, or there is none.
 */
export async function readExamples<E>(
  source: RowSource,
  reader: ExampleReader<E>,
  options: ReadOptions = {},
): Promise<readonly E[]> {
  const examples = await keptExamples(source, reader, options);
  if (examples.length === 0) throw noExamples(source, reader);
  return examples;
}

/** Which examples are kept in memory. */
export interface KeepOptions<E> extends ReadOptions {
  /** Of an example and how many were before it; all by default. */
  readonly isKept?: (example: E, place: number) => boolean;
}

/** Those that are kept, of which there may be none. @throws as `streamExamples` does, or if there are too many. */
export async function keptExamples<E>(
  source: RowSource,
  reader: ExampleReader<E>,
  { mostBytes = Infinity, tell, isKept = () => true }: KeepOptions<E> = {},
): Promise<readonly E[]> {
  const examples: E[] = [];
  let [bytes, place] = [0, 0];
  for await (const example of streamExamples(source, reader, tell && { tell })) {
    if (!isKept(example, place++)) continue;
    examples.push(example);
    bytes += EXAMPLE_BYTES + charactersOf(example);
    if (bytes > mostBytes) {
      const got = `more than ${examples.length.toLocaleString("en-US")}`;
      throw new UsageError(`${source.name}: too many ${reader.what} for the memory; got ${got}`, {
        hint: "take a part of them, or one long text, which is read as it is needed",
      });
    }
  }
  return examples;
}

/** What is wrong with a source in which there is none. */
export const noExamples = (
  { name }: Pick<RowSource, "name">,
  { what }: Pick<ExampleReader<unknown>, "what">,
): FormatError => new FormatError(name, `there are no ${what} in it; give a file that has some`);

/** Characters of all strings in a value. */
function charactersOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce((sum: number, part) => sum + charactersOf(part), 0);
}
