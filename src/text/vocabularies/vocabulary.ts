/** @file A vocabulary, and how the pieces of a text are written in it. */

import { FormatError } from "../../errors.ts";
import { isObject } from "../../files/json.ts";
import { type Part, wrongField } from "../pieces/part.ts";

/** Ids by tokens. */
export type Vocabulary = ReadonlyMap<string, number>;

/** A model of tokenizer.json. */
export interface TokenizerModel {
  readonly vocabulary: Vocabulary;
  /** The id of what it cannot spell, where there can be such. */
  readonly unknown: number | undefined;
  /** The ids of a piece that is not empty. @throws {FormatError} if it cannot be spelled. */
  readonly encode: (piece: string) => readonly number[];
}

/** The field "vocab". @throws {FormatError} if it is no table of ids. */
export function vocabularyOf(part: Part): Vocabulary {
  const { vocab } = part.json;
  if (!isObject(vocab)) return wrongField(part, "vocab", "a table of ids");
  const vocabulary = new Map<string, number>();
  for (const token of Object.keys(vocab)) {
    const id = vocab[token];
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0) {
      return wrongField(part, "vocab", `a table of ids, also of ${JSON.stringify(token)}`);
    }
    vocabulary.set(token, id);
  }
  return vocabulary;
}

/** @throws {FormatError} always: nothing can be written for a piece. */
export function unknownPiece({ path }: Part): never {
  throw new FormatError(path, "a piece of the text is no token, and there is no unknown token");
}
