/**
 * @file Rows: what data are made of, in whatever format they come. A format turns a file into rows, one after another; what a row is an
 * example of is decided elsewhere.
 */

import type { FileStore } from "../../host/host.ts";
import type { RowShare, SharePlace } from "../bytes/row-share.ts";

/** Cells by the names of their columns. */
export type Row = Readonly<Record<string, unknown>>;

/** A row, and where it stands. */
export interface PlacedRow {
  readonly row: Row;
  /** Where it begins: a line of its file, or its place in a list, from 1 on. */
  readonly line: number;
  /** Whether its text goes on where that of the row before ends: long texts come in parts. */
  readonly continues?: boolean;
  /** Whether it tells the columns alone: it belongs to another share. */
  readonly isElsewhere?: boolean;
}

/** Rows that can be read again only where their source can. */
export interface RowSource {
  /** What people call it: a path. For messages. */
  readonly name: string;
  /** What a place is called in messages: "line" by default. */
  readonly unit?: "line" | "row";
  /** The columns that its examples stand in, in place of those that the options name: one of a text, two of a pair. */
  readonly ownColumns?: readonly string[];
  /** One after another. @throws {UsageError | FormatError} where the source cannot be read. */
  rows(): AsyncIterable<PlacedRow>;
  /** One of several shares of them, which one after another have all; undefined where they cannot be read in shares. */
  share?(place: SharePlace): Promise<RowShare<PlacedRow> | undefined>;
}

/** What rows can be: documents, questions with answers, whole conversations, texts with classes, or answers of which one is preferred. */
export type RowKind = "texts" | "pairs" | "conversations" | "labelled" | "preferences";

/** A format of files, which turns them into rows. */
export interface Format {
  /** Of its files, in small letters, such as ".tsv"; the usual one first. */
  readonly extensions: readonly string[];
  /** What its rows can be. */
  readonly kinds: readonly RowKind[];
  /** A file as rows; nothing is read yet. */
  open(request: OpenRequest): RowSource;
}

/** A file that is to be read as rows. */
export interface OpenRequest {
  readonly files: FileStore;
  readonly path: string;
  /** The columns that are asked for; undefined where nobody named them. */
  readonly columns?: readonly string[] | undefined;
  /** Whether the cells of a first line are names of columns, where nobody named any. */
  readonly isHeader?: ((cells: readonly string[]) => boolean) | undefined;
}
