/**
 * @file Bulk encoding: each distinct word once.
 *
 * Where a tokenizer splits texts into GPT-2's words, and nothing else looks beyond a word, the ids
 * of a text are those of its words in order. A word by itself is one word again: every alternative
 * of the pattern matches as it did in the text, but for white space that a word after it cut short,
 * which now matches as a whole.
 */

import { isObject, type Json } from "./json.ts";
import { words } from "./words.ts";

export type Encode = (text: string) => readonly number[];

/** Words remembered per tokenizer, and the length up to which they are, in UTF-16 units. */
const REMEMBERED_WORDS = 100_000;
const REMEMBERED_LENGTH = 64;

/** `encode`, the tokenizer of these files run as it is, or the same function made faster. */
export function wordEncoder(encode: Encode, tokenizer: Json, config: Json): Encode {
  const special = specialTokens(tokenizer);
  if (special === undefined || !encodesWords(tokenizer, config)) return encode;
  const known = new Map<string, readonly number[]>();

  const encodeWord: Encode = (word) => {
    const remembered = known.get(word);
    if (remembered !== undefined) return remembered;
    const ids = encode(word);
    if (known.size < REMEMBERED_WORDS && word.length <= REMEMBERED_LENGTH) {
      known.set(detached(word), ids);
    }
    return ids;
  };

  return (text) => {
    const ids: number[] = [];
    for (const part of splitAt(text, special)) {
      for (const word of special.has(part) ? [part] : words(part)) {
        for (const id of encodeWord(word)) ids.push(id);
      }
    }
    return ids;
  };
}

/** Whether the pre-tokenizer is GPT-2's and each word becomes tokens by itself. */
function encodesWords(tokenizer: Json, config: Json): boolean {
  const { normalizer, pre_tokenizer: split, post_processor: after, model } = tokenizer;
  return (
    !normalizer &&
    isObject(split) &&
    split["type"] === "ByteLevel" &&
    !split["add_prefix_space"] &&
    split["use_regex"] !== false &&
    (!after || (isObject(after) && after["type"] === "ByteLevel")) &&
    isObject(model) &&
    (model["type"] ?? "BPE") === "BPE" &&
    Array.isArray(model["merges"]) &&
    !model["fuse_unk"] &&
    !config["remove_space"] &&
    !config["do_lowercase_and_remove_accent"]
  );
}

/** The special tokens, or undefined if one of them takes away the white space around it. */
function specialTokens({ added_tokens: added }: Json): ReadonlySet<string> | undefined {
  if (!Array.isArray(added)) return undefined;
  const contents = new Set<string>();
  for (const token of added) {
    if (!isObject(token) || token["lstrip"] || token["rstrip"]) return undefined;
    const { content } = token;
    if (typeof content !== "string" || content === "") return undefined;
    contents.add(content);
  }
  return contents;
}

/** The text cut before and after every special token; at one place the longest counts. */
function splitAt(text: string, special: ReadonlySet<string>): readonly string[] {
  if (![...special].some((token) => text.includes(token))) return [text];
  const longestFirst = [...special].toSorted((a, b) => b.length - a.length);
  return text.split(new RegExp(`(${longestFirst.map(literal).join("|")})`));
}

const literal = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);

/** A copy that does not keep the text alive of which the word is a part. */
const detached = (word: string): string => Buffer.from(word, "utf16le").toString("utf16le");
