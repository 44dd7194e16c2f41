/**
 * @file The tokenizer that needs no training: ids 0 to 255 are the bytes of UTF-8, 256 ends a text.
 *
 * As in every Hugging Face tokenizer, the characters of the end-of-text token in a text are read
 * as that token. Its files say the same in Hugging Face's terms: a byte-level BPE without merges.
 */

import { byteLevelFiles, END_OF_TEXT } from "./byte-level.ts";
import { fillTemplate, PLAIN } from "./template.ts";
import type { Tokenizer } from "./tokenizer.ts";

const END_OF_TEXT_ID = 256;

/** A token for each byte of UTF-8, and one for the end of a text. */
export function byteTokenizer(): Tokenizer {
  return {
    name: "bytes",
    vocabularySize: 257,
    startOfText: undefined,
    endOfText: END_OF_TEXT_ID,
    pad: END_OF_TEXT_ID,
    mask: undefined,
    unknown: undefined,
    specialTokens: new Set([END_OF_TEXT_ID]),
    encode,
    encodePrompt: encode,
    encodeWithSpecialTokens: (...texts) =>
      fillTemplate(PLAIN, texts.filter((text) => text !== undefined).map(encode)),
    decode,
    files: byteLevelFiles([]),
  };
}

function encode(text: string): Int32Array {
  const documents = text.split(END_OF_TEXT).map((part) => new TextEncoder().encode(part));
  const bytes = documents.reduce((sum, document) => sum + document.length, 0);
  const ids = new Int32Array(bytes + documents.length - 1).fill(END_OF_TEXT_ID);
  let offset = 0;
  for (const document of documents) {
    ids.set(document, offset);
    offset += document.length + 1;
  }
  return ids;
}

function decode(ids: Iterable<number>): string {
  const bytes = Uint8Array.from([...ids].filter((id) => id >= 0 && id < END_OF_TEXT_ID));
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}
