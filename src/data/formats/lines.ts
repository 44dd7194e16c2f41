/**
 * @file The lines of a file, one after another.
 *
 * Lines end at "\n" or "\r\n" alone: other Unicode line separators are ordinary characters, as
 * otherwise parallel files fall out of step.
 */

import type { FileStore } from "../../host/host.ts";
import { textChunks } from "./text-chunks.ts";

/** A line of a text file. */
export interface Line {
  /** Without its end. */
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
}

/** @throws as `textChunks` does. */
export async function* linesOf(
  files: FileStore,
  path: string,
): AsyncGenerator<Line, void, undefined> {
  let line = 0;
  let rest = "";
  for await (const chunk of textChunks(files, path)) {
    const [first = "", ...others] = chunk.split("\n");
    const last = others.pop();
    rest += first;
    if (last === undefined) continue;
    yield { text: withoutReturn(rest), line: (line += 1) };
    for (const text of others) yield { text: withoutReturn(text), line: (line += 1) };
    rest = last;
  }
  if (rest !== "") yield { text: withoutReturn(rest), line: line + 1 };
}

const withoutReturn = (line: string): string => (line.endsWith("\r") ? line.slice(0, -1) : line);

export const isBlank = (text: string): boolean => text.trim() === "";

/** The beginning of a text, for messages. */
export const excerpt = (text: string): string =>
  text.length > 40 ? `${text.slice(0, 40)}…` : text;
