/** @file Models of tokenizer.json: from a piece of a text to ids. */

import { countField, optionalText, type Part, textField, unknownPart } from "../pieces/part.ts";
import { bpe } from "./bpe-model.ts";
import { unigram } from "./unigram.ts";
import { type TokenizerModel, unknownPiece, type Vocabulary, vocabularyOf } from "./vocabulary.ts";

/**
 * The model of a part; old files have no type, and are known by their fields.
 *
 * @throws {FormatError} if it is of an unknown kind, or not what its kind demands.
 */
export function modelOf(part: Part): TokenizerModel {
  const type = part.type === "nothing" ? typeByFields(part) : part.type;
  const make = KINDS[type];
  return make ? make({ ...part, type }) : unknownPart(part);
}

function typeByFields({ json }: Part): string {
  if (Array.isArray(json["vocab"])) return "Unigram";
  if (json["merges"] !== undefined) return "BPE";
  return json["continuing_subword_prefix"] === undefined ? "WordLevel" : "WordPiece";
}

const KINDS: Readonly<Record<string, (part: Part) => TokenizerModel>> = {
  BPE: (part) => bpe(part, vocabularyOf(part)),
  Unigram: unigram,

  WordLevel(part) {
    const vocabulary = vocabularyOf(part);
    const unknown = vocabulary.get(textField(part, "unk_token"));
    return {
      vocabulary,
      unknown,
      encode: (word) => [vocabulary.get(word) ?? unknown ?? unknownPiece(part)],
    };
  },

  WordPiece(part) {
    const vocabulary = vocabularyOf(part);
    const unknown = vocabulary.get(textField(part, "unk_token"));
    const prefix = optionalText(part, "continuing_subword_prefix") ?? "";
    const longest = countField(part, "max_input_chars_per_word", 100);
    return {
      vocabulary,
      unknown,
      encode: (word) =>
        wordPieces(Array.from(word), vocabulary, { prefix, longest }) ?? [
          unknown ?? unknownPiece(part),
        ],
    };
  },
};

/** The longest known beginnings of a word, one after another; undefined if it has another rest. */
function wordPieces(
  characters: readonly string[],
  vocabulary: Vocabulary,
  { prefix, longest }: { readonly prefix: string; readonly longest: number },
): readonly number[] | undefined {
  if (characters.length > longest) return undefined;
  const ids: number[] = [];
  for (let start = 0; start < characters.length;) {
    let end = characters.length;
    let id: number | undefined;
    for (; end > start; end--) {
      const piece = characters.slice(start, end).join("");
      id = vocabulary.get(start > 0 ? prefix + piece : piece);
      if (id !== undefined) break;
    }
    if (id === undefined) return undefined;
    ids.push(id);
    start = end;
  }
  return ids;
}
