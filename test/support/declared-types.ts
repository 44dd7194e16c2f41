/** The interfaces and unions of words that a file declares, with their comments, as far as the formatter's layout tells them. */

import { readFileSync } from "node:fs";

export interface DeclaredType {
  readonly name: string;
  readonly about: string;
  /** None for a union. */
  readonly fields: readonly {
    readonly name: string;
    readonly isOptional: boolean;
    /** On one line, without `readonly`. */
    readonly type: string;
    readonly about: string;
  }[];
}

const DECLARATION = /\/\*\*((?:(?!\*\/)[^])*)\*\/\nexport interface (\w+) \{\n([^]*?)\n\}/g;
const FIELD =
  /(?: {2}\/\*\*((?:(?!\*\/)[^])*)\*\/\n)? {2}readonly (\w+)(\??):\s+([^]*?);(?=\n {2}\S|$)/g;

export const declaredTypes = (path: string): readonly DeclaredType[] =>
  [...readFileSync(path, "utf8").matchAll(DECLARATION)].map(
    ([, about = "", name = "", body = ""]) => ({
      name,
      about: plain(about),
      fields: [...body.matchAll(FIELD)].map(([, what = "", field = "", mark, type = ""]) => ({
        name: field,
        isOptional: mark === "?",
        type: plainType(type),
        about: plain(what),
      })),
    }),
  );

/** A comment on one line. */
const plain = (comment: string): string => comment.replaceAll(/\s*\n\s*\*?\s*/g, " ").trim();

const plainType = (type: string): string =>
  type
    .replaceAll(/\/\*\*[^]*?\*\//g, "")
    .replaceAll("readonly ", "")
    .replaceAll(/\s+/g, " ")
    .replace(/^\| /, "")
    .replaceAll(/Readonly<(Record<[^>]*>)>/g, "$1")
    .trim();
