/**
 * The tokenizer.json of stories260K, whose folder in the shared data has its SentencePiece pieces and
 * their scores alone. As in Hugging Face's conversion of Llama's: two pieces merge to any third, the
 * one with the best score first.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";

export const STORIES = "../shared/data/checkpoints/stories260K_hf";

/** Ids of unknown pieces, of the beginning and of the end of a text. */
const SPECIAL = ["<unk>", "<s>", "</s>"];

/** The files of the tokenizer, content by name. */
export async function storiesTokenizer(folder: string = STORIES): Promise<Map<string, string>> {
  const pieces: readonly (readonly [string, number])[] = JSON.parse(
    await readFile(join(folder, "pieces.json"), "utf8"),
  );
  const tokens = pieces.map(([piece], id) => SPECIAL[id] ?? piece.replaceAll(" ", "▁"));
  return new Map([
    ["tokenizer.json", JSON.stringify(tokenizerJson(tokens, mergesOf(pieces, tokens)))],
    ["tokenizer_config.json", JSON.stringify({ bos_token: "<s>", eos_token: "</s>" })],
  ]);
}

function mergesOf(
  pieces: readonly (readonly [string, number])[],
  tokens: readonly string[],
): readonly (readonly [string, string])[] {
  const known = new Set(tokens);
  return tokens
    .map((token, id) => ({ token, score: pieces[id]?.[1] ?? 0, id }))
    .filter(({ token, id }) => id >= SPECIAL.length && !/^<0x..>$/.test(token))
    .toSorted((a, b) => b.score - a.score)
    .flatMap(({ token }) =>
      Array.from(token, (_, i): readonly [string, string] => [token.slice(0, i), token.slice(i)]),
    )
    .filter(([left, right]) => known.has(left) && known.has(right));
}

function tokenizerJson(tokens: readonly string[], merges: readonly (readonly [string, string])[]) {
  const space = { String: " " };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: SPECIAL.map((content, id) => ({ id, content, special: true, normalized: false })),
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Prepend", prepend: "▁" },
        { type: "Replace", pattern: space, content: "▁" },
      ],
    },
    pre_tokenizer: null,
    post_processor: {
      type: "TemplateProcessing",
      single: [startOfText(0), { Sequence: { id: "A", type_id: 0 } }],
      pair: [
        startOfText(0),
        { Sequence: { id: "A", type_id: 0 } },
        startOfText(1),
        { Sequence: { id: "B", type_id: 1 } },
      ],
      special_tokens: { "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] } },
    },
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: "<unk>",
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

const startOfText = (type: number) => ({ SpecialToken: { id: "<s>", type_id: type } });
