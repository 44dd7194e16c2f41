/**
 * @file The model "BPE": Sennrich, Haddow & Birch, "Neural Machine Translation of Rare Words with Subword Units", ACL 2016. A piece
 * is its characters; of all neighbours that are a merge those of the first one are joined, the leftmost first, until there are none.
 *
 * A character that is no token is written in tokens of its bytes, "<0xE2>", if these are allowed, or is unknown, or is left out.
 */

import { FormatError } from "../../errors.ts";
import { flagField, optionalText, type Part, textField, wrongField } from "../pieces/part.ts";
import { applyMerges, type Merge, type Merges } from "./merges.ts";
import { remembering } from "./remembering.ts";
import { type TokenizerModel, unknownPiece, type Vocabulary } from "./vocabulary.ts";

/** @throws {FormatError} if a merge is none of tokens, or ids are drawn at random. */
export function bpe(part: Part, vocabulary: Vocabulary): TokenizerModel {
  const { dropout = 0 } = part.json;
  if (dropout !== null && dropout !== 0) {
    wrongField(part, "dropout", "0 or null, for ids are not drawn at random");
  }
  const prefix = textField(part, "continuing_subword_prefix", "");
  const merges = mergesOf(part, vocabulary, prefix);
  const symbolsOf = speller(part, vocabulary, prefix);
  const ignoresMerges = flagField(part, "ignore_merges", false);
  const known = remembering((word) => applyMerges(symbolsOf(word), merges));
  const encode = isMarked(part, vocabulary)
    ? (piece: string) => wordsAfterMarks(piece).flatMap(known)
    : known;
  return {
    vocabulary,
    unknown: vocabulary.get(textField(part, "unk_token", "")),
    encode(piece) {
      const whole = ignoresMerges ? vocabulary.get(piece) : undefined;
      return whole === undefined ? encode(piece) : [whole];
    },
  };
}

/** What the characters of a word are written with. */
function speller(
  part: Part,
  vocabulary: Vocabulary,
  prefix: string,
): (word: string) => readonly number[] {
  const suffix = textField(part, "end_of_word_suffix", "");
  const unknownToken = optionalText(part, "unk_token");
  const fuses = flagField(part, "fuse_unk", false);
  const byteTokens = flagField(part, "byte_fallback", false) ? byteIds(vocabulary) : undefined;
  const encoder = new TextEncoder();
  const inBytes = (text: string): readonly number[] | undefined => {
    const ids = Array.from(encoder.encode(text), (byte) => byteTokens?.[byte]);
    const found = ids.filter((id) => id !== undefined);
    return found.length === ids.length ? found : undefined;
  };
  return (word) => {
    const ids: number[] = [];
    // One that is unknown waits for the next that is known: several may be one.
    let waiting = false;
    const unknown = (): number => vocabulary.get(unknownToken ?? "") ?? unknownPiece(part);
    const characters = Array.from(word);
    for (const [i, character] of characters.entries()) {
      const start = i === 0 ? "" : prefix;
      const symbol = start + character + (i === characters.length - 1 ? suffix : "");
      const id = vocabulary.get(symbol);
      const bytes = id === undefined ? inBytes(symbol) : undefined;
      if (id !== undefined) {
        if (waiting) ids.push(unknown());
        waiting = false;
        ids.push(id);
      } else if (bytes) {
        ids.push(...bytes);
      } else if (unknownToken !== undefined) {
        if (waiting && !fuses) ids.push(unknown());
        waiting = true;
      }
    }
    if (waiting) ids.push(unknown());
    return ids;
  };
}

/** The ids of the tokens for bytes, "<0x00>" to "<0xFF>". */
const byteIds = (vocabulary: Vocabulary): readonly (number | undefined)[] =>
  Array.from({ length: 256 }, (_, byte) => {
    const digits = byte.toString(16).toUpperCase().padStart(2, "0");
    return vocabulary.get(`<0x${digits}>`);
  });

/** @throws {FormatError} if one of them is not of two tokens, or makes none. */
function mergesOf(part: Part, vocabulary: Vocabulary, prefix: string): Merges {
  const { merges: listed } = part.json;
  if (!Array.isArray(listed)) return wrongField(part, "merges", "a list");
  const merges = new Map<number, Map<number, Merge>>();
  for (const [rank, entry] of listed.entries()) {
    const halves = halvesOf(entry);
    const a = halves && vocabulary.get(halves.left);
    const b = halves && vocabulary.get(halves.right);
    const id = halves && vocabulary.get(halves.left + halves.right.slice(prefix.length));
    if (a === undefined || b === undefined || id === undefined) {
      const what = `${part.field} ${part.type}: merges: must be of two tokens that make one`;
      throw new FormatError(
        part.path,
        `${what}; got ${JSON.stringify(entry)} as number ${rank + 1}`,
      );
    }
    const afterLeft = merges.get(a) ?? new Map<number, Merge>();
    merges.set(a, afterLeft.set(b, { rank, id }));
  }
  return merges;
}

/** What a merge joins: two tokens in a list, or with a space between them; undefined for anything else. */
function halvesOf(entry: unknown): { readonly left: string; readonly right: string } | undefined {
  if (typeof entry === "string") {
    const space = entry.indexOf(" ");
    if (space < 0 || entry.includes(" ", space + 1)) return undefined;
    return { left: entry.slice(0, space), right: entry.slice(space + 1) };
  }
  const halves: readonly unknown[] = Array.isArray(entry) && entry.length === 2 ? entry : [];
  const [left, right] = halves;
  return typeof left === "string" && typeof right === "string" ? { left, right } : undefined;
}

/** Spaces, written ▁, and what follows them; those at the end belong to the last word. */
const wordsAfterMarks = (piece: string): readonly string[] =>
  piece.match(/▁*[^▁]+(?:▁+$)?|^▁+$/g) ?? [];

/** Whether no token goes on after a ▁, and every character is some token: then words are written by themselves. */
function isMarked(part: Part, vocabulary: Vocabulary): boolean {
  const { json } = part;
  return (
    json["byte_fallback"] === true &&
    !json["ignore_merges"] &&
    !json["end_of_word_suffix"] &&
    !json["continuing_subword_prefix"] &&
    byteIds(vocabulary).every((id) => id !== undefined) &&
    ![...vocabulary.keys()].some((token) => /[^▁]▁/.test(token))
  );
}
