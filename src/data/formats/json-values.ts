/**
 * @file The values of a JSON text, one after another, before they are parsed: the items of a list, or objects that follow each other.
 *
 * Only quotes, brackets and commas are looked at, so that a list of any length is read in little memory. What is no JSON is found when
 * the values are parsed.
 */

import { FormatError } from "../../errors.ts";
import { checkLength, isBlank, type Line } from "../bytes/lines.ts";

/** What tells where a value ends, and which line it is: within strings, and elsewhere. */
const WITHIN = /["\\\n]/g;
const ELSEWHERE = /["[\]{},\n]/g;

/** How values stand in a text. */
export interface JsonLayout {
  /** Whether they are the items of one list. */
  readonly isList: boolean;
}

/**
 * The text of each value, blank where there is none between two commas, and the line that it begins in.
 *
 * @throws {FormatError} if a value is too long, the list does not end, or something follows it.
 */
export async function* jsonValues(
  path: string,
  chunks: AsyncIterable<string>,
  { isList }: JsonLayout,
): AsyncGenerator<Line, void, undefined> {
  let value = begunValue(1);
  let line = 1;
  let depth = 0;
  let isInString = false;
  let hasEnded = false;
  /** 1 if the first character of the next chunk stands behind a "\\". */
  let skipped = 0;
  for await (const chunk of chunks) {
    let from = 0;
    let at = skipped;
    while (!hasEnded) {
      const found = nextMark(chunk, at, isInString);
      if (!found) break;
      at = found.end;
      const { mark } = found;
      if (mark === "\n") line += 1;
      else if (mark === '"') isInString = !isInString;
      else if (mark === "\\") at += 1;
      else if (mark === "[" || mark === "{") {
        depth += 1;
        if (isList && depth === 1) [from, value] = [at, begunValue(line)];
      } else {
        if (mark !== ",") depth -= 1;
        const endsItem = isList && depth === (mark === "," ? 1 : 0);
        if (!endsItem && (isList || mark === "," || depth > 0)) continue;
        yield value.end(chunk.slice(from, endsItem ? at - 1 : at));
        [from, value] = [at, begunValue(line)];
        hasEnded = endsItem && mark !== ",";
      }
    }
    skipped = Math.max(0, at - chunk.length);
    value.add(chunk.slice(from));
    checkLength(path, value.line, value.length());
    if (hasEnded) checkBlank(path, value.end(""));
  }
  if (!isList) yield value.end("");
  else if (!hasEnded) {
    throw new FormatError(path, `line ${line}: the list has no end`, { offset: line });
  }
}

function nextMark(
  chunk: string,
  at: number,
  isInString: boolean,
): { readonly mark: string; readonly end: number } | undefined {
  const pattern = isInString ? WITHIN : ELSEWHERE;
  pattern.lastIndex = at;
  const found = pattern.exec(chunk);
  return found ? { mark: found[0], end: pattern.lastIndex } : undefined;
}

/** A value of which more may come. */
function begunValue(line: number) {
  const parts: string[] = [];
  let length = 0;
  return {
    line,
    length: () => length,
    add(part: string) {
      parts.push(part);
      length += part.length;
    },
    end(last: string): Line {
      const text = parts.join("") + last;
      const blank = text.slice(0, text.length - text.trimStart().length);
      return { text, line: line + blank.split("\n").length - 1 };
    },
  };
}

/** @throws {FormatError} if there is more than white space behind a list. */
function checkBlank(path: string, { text, line }: Line): void {
  if (isBlank(text)) return;
  throw new FormatError(path, `line ${line}: something follows the list`, { offset: line });
}
