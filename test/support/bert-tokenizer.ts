/** A BERT tokenizer of letters, digits and marks, which needs no file from elsewhere. */

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTokenizer } from "../../src/text/tokenizers/huggingface.ts";
import type { Tokenizer } from "../../src/text/index.ts";

const SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] as const;
export const PAD = 0;
export const CLS = 2;
export const SEP = 3;
export const MASK = 4;

const characters = Array.from({ length: 94 }, (_, i) => String.fromCodePoint(33 + i)).filter(
  (character) => !/[A-Z]/.test(character),
);
const pieces = [
  ...SPECIAL,
  ...characters,
  ...characters.filter((character) => /\w/.test(character)).map((character) => `##${character}`),
];

const special = (id: string, type = 0) => ({ SpecialToken: { id, type_id: type } });
const sequence = (id: string, type = 0) => ({ Sequence: { id, type_id: type } });
const single = [special("[CLS]"), sequence("A"), special("[SEP]")];

const tokenizerJson = {
  version: "1.0",
  added_tokens: SPECIAL.map((content, id) => ({ id, content, special: true, normalized: false })),
  normalizer: {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: {
    type: "TemplateProcessing",
    single,
    pair: [...single, sequence("B", 1), special("[SEP]", 1)],
    special_tokens: Object.fromEntries(
      ["[CLS]", "[SEP]"].map((token) => [
        token,
        { id: token, ids: [pieces.indexOf(token)], tokens: [token] },
      ]),
    ),
  },
  decoder: { type: "WordPiece", prefix: "##", cleanup: true },
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
  },
};

const files: ReadonlyMap<string, string> = new Map([
  ["tokenizer.json", JSON.stringify(tokenizerJson)],
  [
    "tokenizer_config.json",
    JSON.stringify({
      pad_token: "[PAD]",
      cls_token: "[CLS]",
      sep_token: "[SEP]",
      unk_token: "[UNK]",
      mask_token: "[MASK]",
    }),
  ],
]);

export const bertTokenizer: Tokenizer = createTokenizer(files, { name: "letters", path: "" });

/** A directory that holds it. */
export function bertTokenizerDirectory(): string {
  const folder = mkdtempSync(join(tmpdir(), "flora-bert-tokenizer-"));
  for (const [name, content] of files) writeFileSync(join(folder, name), content);
  return folder;
}
