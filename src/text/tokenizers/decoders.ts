/** @file Decoders of tokenizer.json: from tokens back to a text. */

import { bytesOfSpelling } from "../pieces/byte-spelling.ts";
import {
  countField,
  flagField,
  type Part,
  stepsField,
  textField,
  unknownPart,
  wrongField,
} from "../pieces/part.ts";
import { patternField } from "../pieces/pattern.ts";

/** Tokens as they are to be read, one after another. */
export type Decoder = (tokens: readonly string[]) => readonly string[];

/**
 * The decoder of a part.
 *
 * @throws {FormatError} if it is of an unknown kind, or lacks what it needs.
 */
export function decoderOf(part: Part): Decoder {
  const make = KINDS[part.type];
  return make ? make(part) : unknownPart(part);
}

const eachToken =
  (decode: (token: string, place: number, count: number) => string): Decoder =>
  (tokens) =>
    tokens.map((token, i) => decode(token, i, tokens.length));

const KINDS: Readonly<Record<string, (part: Part) => Decoder>> = {
  Sequence(part) {
    const steps = stepsField(part, "decoders").map(decoderOf);
    return (tokens) => steps.reduce((read, step) => step(read), tokens);
  },

  BPEDecoder(part) {
    const suffix = textField(part, "suffix");
    return eachToken((token, i, count) => token.replaceAll(suffix, i === count - 1 ? "" : " "));
  },

  ByteFallback: () => joinBytes,

  ByteLevel: () => (tokens) => [textOfBytes(tokens.flatMap(bytesOfSpelling))],

  CTC(part) {
    const pad = textField(part, "pad_token");
    const delimiter = textField(part, "word_delimiter_token");
    const cleans = flagField(part, "cleanup");
    return (tokens) =>
      tokens
        .filter((token, i) => token !== tokens[i - 1])
        .map((token) => token.replaceAll(pad, ""))
        .map((token) => (cleans ? cleaned(token).replaceAll(delimiter, " ") : token))
        .filter((token) => token !== "");
  },

  Fuse: () => (tokens) => [tokens.join("")],

  Metaspace(part) {
    const mark = textField(part, "replacement");
    const prepends = textField(part, "prepend_scheme", "always") !== "never";
    return eachToken((token, i) => token.replaceAll(mark, i === 0 && prepends ? "" : " "));
  },

  Replace(part) {
    const pattern = patternField(part);
    const content = textField(part, "content");
    return eachToken((token) => token.replaceAll(pattern, () => content));
  },

  Strip(part) {
    const content = textField(part, "content");
    if (Array.from(content).length !== 1) wrongField(part, "content", "one character");
    const start = countField(part, "start");
    const stop = countField(part, "stop");
    return eachToken((token) => {
      const characters = Array.from(token);
      const isContent = (character: string) => character === content;
      const first = countWhile(characters.slice(0, start), isContent);
      const last = stop === 0 ? 0 : countWhile(characters.slice(-stop).toReversed(), isContent);
      return characters.slice(first, characters.length - last).join("");
    });
  },

  WordPiece(part) {
    const prefix = textField(part, "prefix");
    const cleans = flagField(part, "cleanup");
    return eachToken((token, i) => {
      const continues = token.startsWith(prefix);
      const rest = continues ? token.slice(prefix.length) : ` ${token}`;
      const read = i === 0 ? token : rest;
      return cleans ? cleaned(read) : read;
    });
  },
};

const countWhile = (items: readonly string[], holds: (item: string) => boolean): number => {
  const end = items.findIndex((item) => !holds(item));
  return end < 0 ? items.length : end;
};

/** Bytes that are not UTF-8 become U+FFFD. */
const textOfBytes = (bytes: readonly number[]): string =>
  new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));

/** Tokens of bytes, "<0xE2>", as the text that they spell; a U+FFFD for each if it is none. */
function joinBytes(tokens: readonly string[]): readonly string[] {
  const read: string[] = [];
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length === 0) return;
    try {
      const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
      read.push(decoder.decode(Uint8Array.from(bytes)));
    } catch {
      read.push(...bytes.map(() => "\uFFFD"));
    }
    bytes = [];
  };
  for (const token of tokens) {
    const [, digits] = /^<0x([\da-f]{2})>$/i.exec(token) ?? [];
    if (digits === undefined) {
      flush();
      read.push(token);
    } else {
      bytes.push(Number.parseInt(digits, 16));
    }
  }
  flush();
  return read;
}

/** What a writer would not put a space before, as Python's transformers clean a text. */
const CLEANED: readonly (readonly [found: string, written: string])[] = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

/** A text without spaces before punctuation and endings. */
export const withoutSpaces = (text: string): string =>
  CLEANED.reduce((read, [found, written]) => read.replaceAll(found, written), text);

/** The same as this is done in tokenizers, with one more. */
const cleaned = (token: string): string => withoutSpaces(token).replaceAll(" do not", " don't");
