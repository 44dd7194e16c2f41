/** @file Where the rows of an input come from: files, each in its format, or rows that are given. */

import { alone, type Collective } from "../collective/index.ts";
import { UsageError } from "../errors.ts";
import type { FileStore } from "../host/host.ts";
import { filesOf, type FoundFiles } from "./files-of.ts";
import { type ExampleKind, onlyKind } from "./examples/kinds.ts";
import { namesPairs } from "./examples/pairs.ts";
import { openParallel } from "./formats/parallel.ts";
import { type Peekable, peekable } from "./formats/peek.ts";
import {
  detectFormat,
  extensionsFor,
  formatOf,
  type Formats,
  FORMATS,
} from "./formats/registry.ts";
import type { Format, PlacedRow, RowKind, RowSource } from "./formats/row.ts";
import { type DataInput, pathsOf, sourceOf } from "./input.ts";
import { dealtFiles } from "./shares/dealt-files.ts";

/** What is opened, and how. */
export interface OpenInput {
  readonly files: FileStore;
  readonly input: DataInput;
  /** What rows in memory are called in messages. */
  readonly name?: string;
  readonly formats?: Formats | undefined;
  /** Who reads together; one process if absent. */
  readonly ranks?: Collective | undefined;
}

/** An input of which nothing is read yet. */
export interface Input {
  formatKind(): Promise<ExampleKind | undefined>;
  /** The first row and where it comes from; undefined if there is none. */
  first(): Promise<FirstRow | undefined>;
  /** The paths that were given, counted from 0; 0 alone for rows. */
  parts(): Promise<readonly number[]>;
  /** The bytes of each file; none for rows. */
  bytes(): Promise<readonly number[]>;
  /** What examples of a kind are read from, one after another. */
  sources(kind: RowKind, columns?: readonly string[]): Promise<readonly PartSource[]>;
}

/** A row, for messages with its place. */
export interface FirstRow {
  readonly placed: PlacedRow;
  readonly origin: RowSource;
}

const firstOf = async (origin: Peekable): Promise<FirstRow | undefined> => {
  const placed = await origin.first();
  return placed && { placed, origin };
};

/** Rows, and which of the paths that were given they come from, counted from 0. */
export interface PartSource {
  readonly source: RowSource;
  readonly part: number;
}

/** @param columns - that are named, where the first row is to tell what all are */
export function openInput(
  { input, files, name, formats = FORMATS, ranks = alone }: OpenInput,
  columns: readonly string[] | undefined,
): Input {
  const paths = pathsOf(input);
  if (paths) return openPaths(paths, { files, formats, columns, ranks });
  const source = peekable(sourceOf(input, name));
  return {
    formatKind: () => Promise.resolve(undefined),
    first: () => firstOf(source),
    parts: () => Promise.resolve([0]),
    bytes: () => Promise.resolve([]),
    sources: () => Promise.resolve([{ source, part: 0 }]),
  };
}

interface Place {
  readonly files: FileStore;
  readonly formats: Formats;
  readonly columns: readonly string[] | undefined;
  readonly ranks: Collective;
}

function openPaths(given: readonly string[], place: Place): Input {
  const { files, formats, columns: told, ranks } = place;
  let found: Promise<FoundFiles> | undefined;
  const lookUp = async () => {
    found ??= filesOf(files, given, formats);
    const { paths, parts, areNamed } = await found;
    return { paths, parts, format: detectFormat(paths, formats, { areNamed }) };
  };
  const open = (format: Format, each: string, columns: readonly string[] | undefined): RowSource =>
    format.open({ files, path: each, columns, isHeader: namesPairs });
  let peeked: Peekable | undefined;
  return {
    async formatKind() {
      const { format } = await lookUp();
      if (format === "parallel") return "pairs";
      const [kind, ...others] = new Set(format.map(({ kinds }) => onlyKind(kinds)));
      return others.length === 0 ? kind : undefined;
    },
    async first() {
      const { paths, format } = await lookUp();
      if (format === "parallel") return undefined;
      const source = open(format[0], paths[0] ?? "", told);
      const { rank: index, size: count } = ranks;
      const share = count > 1 ? await source.share?.({ index, count }) : undefined;
      if (share?.first) return { placed: share.first, origin: source };
      peeked ??= peekable(source);
      return firstOf(peeked);
    },
    parts: () => Promise.resolve([...given.keys()]),
    async bytes() {
      const { paths } = await lookUp();
      const infos = await Promise.all(paths.map((path) => files.stat(path)));
      return infos.map((info) => info?.bytes ?? 0);
    },
    async sources(kind, columns) {
      const { paths, parts, format } = await lookUp();
      const [path = "", second = ""] = paths;
      const deal = dealtFiles(files, paths);
      if (kind === "pairs" && format === "parallel") {
        return [{ source: openParallel(files, [path, second]), part: 0 }];
      }
      return paths.map((each, i) => {
        const own = format === "parallel" ? formatOf(each, formats) : format[i];
        if (!own?.kinds.includes(kind)) throw refusal(kind, each, formats);
        const isPeeked = i === 0 && columns?.join() === told?.join();
        const source = isPeeked && peeked ? peeked : open(own, each, columns);
        return { source: deal(source, i), part: parts[i] ?? 0 };
      });
    },
  };
}

/** Why a file of some format holds no examples of a kind. */
function refusal(kind: RowKind, path: string, formats: Formats): UsageError {
  const files = extensionsFor(kind, formats);
  if (kind === "pairs") {
    return new UsageError(`data: pairs need two files or two columns; got ${path}`, {
      hint: `add the file with the other side, or use a ${files} file`,
    });
  }
  return new UsageError(`data: ${SUBJECTS[kind]} read from ${files} files; got ${path}`);
}

const SUBJECTS: Readonly<Record<Exclude<RowKind, "pairs">, string>> = {
  texts: "text is",
  conversations: "conversations are",
  labelled: "texts with labels are",
  preferences: "preferences are",
};
