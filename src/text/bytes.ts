/**
 * @file The tokenizer that needs no training: ids 0 to 255 are the bytes of UTF-8, 256 ends a text.
 *
 * As in every Hugging Face tokenizer, the characters of the end-of-text token in a text are read
 * as that token.
 *
 * Its `tokenizer.json` says the same in Hugging Face's terms: a byte-level BPE without merges.
 * That model spells the 256 bytes with visible characters (Radford et al., "Language Models are
 * Unsupervised Multitask Learners", 2019, `encoder.py`): a printable Latin-1 character stands for
 * its own byte, and the other bytes take the code points from 256 on, in order.
 */

import type { Tokenizer } from "./tokenizer.ts";

const END_OF_TEXT = "<|endoftext|>";
const END_OF_TEXT_ID = 256;

export function byteTokenizer(): Tokenizer {
  return {
    name: "bytes",
    vocabularySize: 257,
    endOfText: END_OF_TEXT_ID,
    pad: END_OF_TEXT_ID,
    encode,
    decode,
    files: new Map([
      ["tokenizer.json", json(tokenizerJson())],
      ["tokenizer_config.json", json(TOKENIZER_CONFIG)],
    ]),
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

/** The character that stands for each byte. */
function byteAlphabet(): string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCodePoint(isPrintable(byte) ? byte : next++),
  );
}

const isPrintable = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);

const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true } as const;

const tokenizerJson = () => ({
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: [
    {
      id: END_OF_TEXT_ID,
      content: END_OF_TEXT,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    },
  ],
  normalizer: null,
  pre_tokenizer: byteLevel,
  post_processor: null,
  decoder: byteLevel,
  model: {
    type: "BPE",
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    vocab: Object.fromEntries(byteAlphabet().map((character, byte) => [character, byte])),
    merges: [],
  },
});

const TOKENIZER_CONFIG = {
  tokenizer_class: "PreTrainedTokenizerFast",
  clean_up_tokenization_spaces: false,
  eos_token: END_OF_TEXT,
  pad_token: END_OF_TEXT,
} as const;

const json = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`;
