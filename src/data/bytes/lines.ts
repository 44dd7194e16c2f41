/**
 * @file The lines of a file, one after another.
 *
 * Lines end at "\n" or "\r\n" alone: other Unicode line separators are ordinary characters, as
 * otherwise parallel files fall out of step.
 */

import { FormatError } from "../../errors.ts";
import type { FileStore } from "../../host/host.ts";
import { textChunks } from "./text-chunks.ts";

/** A line of a text file. */
export interface Line {
  /** Without its end. */
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
}

/** The most characters of a line, or of a row of several: it is in memory as a whole, some of it several times. */
export const MOST_CHARACTERS = 50_000_000;

/** @throws as `textChunks` does, and {FormatError} if a line is too long. */
export async function* linesOf(
  files: FileStore,
  path: string,
): AsyncGenerator<Line, void, undefined> {
  for await (const { text, line } of fullLines(path, textChunks(files, path))) {
    yield { text: withoutReturn(text), line };
  }
}

/** The lines of a text that comes in parts, with the "\r" of their ends. */
export async function* fullLines(
  path: string,
  chunks: AsyncIterable<string>,
): AsyncGenerator<Line, void, undefined> {
  let line = 0;
  let rest = "";
  for await (const chunk of chunks) {
    const [first = "", ...others] = chunk.split("\n");
    const last = others.pop();
    rest += first;
    checkLength(path, line + 1, rest.length);
    if (last === undefined) continue;
    yield { text: rest, line: (line += 1) };
    for (const text of others) yield { text, line: (line += 1) };
    rest = last;
  }
  if (rest !== "") yield { text: rest, line: line + 1 };
}

/** @throws {FormatError} if what begins in a line has too many characters. */
export function checkLength(path: string, line: number, characters: number): void {
  if (characters <= MOST_CHARACTERS) return;
  const most = `${MOST_CHARACTERS / 1e6} million`;
  const message = `line ${line}: must be shorter than ${most} characters; got more`;
  throw new FormatError(path, message, { offset: line });
}

export const withoutReturn = (line: string): string =>
  line.endsWith("\r") ? line.slice(0, -1) : line;

export const isBlank = (text: string): boolean => text.trim() === "";

/** The beginning of a text, for messages. */
export const excerpt = (text: string): string =>
  text.length > 40 ? `${text.slice(0, 40)}…` : text;
