/**
 * @file Byte-level BPE as Hugging Face's files write it.
 *
 * The model spells the 256 bytes with visible characters (Radford et al., "Language Models are
 * Unsupervised Multitask Learners", 2019, `encoder.py`): a printable Latin-1 character stands for
 * its own byte, and the other bytes take the code points from 256 on, in order.
 *
 * Ids: a byte is its own id, merges follow from 256 on, and the end of text is last.
 */

import { byteAlphabet } from "../pieces/byte-spelling.ts";

export const END_OF_TEXT = "<|endoftext|>";

/** Two tokens that are read as one, as the model spells them. */
export type Merge = readonly [left: string, right: string];

/** The files of a tokenizer, content by name; merges in the order of their application. */
export function byteLevelFiles(merges: readonly Merge[]): Map<string, string> {
  return new Map([
    ["tokenizer.json", json(tokenizerJson(merges))],
    ["tokenizer_config.json", json(TOKENIZER_CONFIG)],
  ]);
}

const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true } as const;

function tokenizerJson(merges: readonly Merge[]) {
  const tokens = [...byteAlphabet(), ...merges.map((merge) => merge.join(""))];
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [
      {
        id: tokens.length,
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
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.map((merge) => merge.join(" ")),
    },
  };
}

const TOKENIZER_CONFIG = {
  tokenizer_class: "PreTrainedTokenizerFast",
  clean_up_tokenization_spaces: false,
  eos_token: END_OF_TEXT,
  pad_token: END_OF_TEXT,
} as const;

const json = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`;
