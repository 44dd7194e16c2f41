/**
 * @file Bulk encoding: each distinct word once.
 *
 * Special tokens are cut out first; the stretches between them are split into words.
 */

import { isObject, type Json } from "../../files/json.ts";
import { isNormalized, type WordSplit, wordSplit } from "./word-split.ts";

export type Encode = (text: string) => readonly number[];

/** Words remembered per tokenizer, and the length up to which they are, in UTF-16 units. */
const REMEMBERED_WORDS = 100_000;
const REMEMBERED_LENGTH = 64;

export interface WordEncoder {
  /** The tokenizer.json that `encode` must run. */
  readonly tokenizer: Json;
  /** What the original tokenizer makes of a text, by way of `encode`. */
  wrap(encode: Encode): Encode;
}

/** A faster way to run the tokenizer of these files, or the plain one. */
export function wordEncoder(tokenizer: Json, config: Json): WordEncoder {
  const special = specialTokens(tokenizer);
  const words = special && wordSplit(tokenizer, config);
  if (!words) return { tokenizer, wrap: (encode) => encode };
  return { tokenizer: words.tokenizer, wrap: (encode) => remembering(encode, words, special) };
}

function remembering(encode: Encode, { split }: WordSplit, special: ReadonlySet<string>): Encode {
  const known = new Map<string, readonly number[]>();
  const separator = separatorOf(special);

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
    const parts = separator ? text.split(separator) : [text];
    for (const [i, part] of parts.entries()) {
      if (part === "") continue;
      for (const word of special.has(part) ? [part] : split(part, { isFirst: i === 0 })) {
        for (const id of encodeWord(word)) ids.push(id);
      }
    }
    return ids;
  };
}

/**
 * The special tokens that are looked for in the text as it is. Undefined if one takes away the white
 * space around it, or contains some and is looked for in what the normalizer makes of the text.
 */
function specialTokens({ added_tokens: added, normalizer }: Json): ReadonlySet<string> | undefined {
  if (!Array.isArray(added)) return undefined;
  const contents = new Set<string>();
  for (const token of added) {
    if (!isObject(token) || token["lstrip"] || token["rstrip"]) return undefined;
    const { content } = token;
    if (typeof content !== "string" || content === "") return undefined;
    if (!normalizer || !isNormalized(token)) contents.add(content);
    else if (/[\s▁]/.test(content)) return undefined;
  }
  return contents;
}

/** What matches a special token, at one place the longest. */
function separatorOf(special: ReadonlySet<string>): RegExp | undefined {
  if (special.size === 0) return undefined;
  const longestFirst = [...special].toSorted((a, b) => b.length - a.length);
  return new RegExp(`(${longestFirst.map(literal).join("|")})`);
}

const literal = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);

/** A copy that does not keep the text alive of which the word is a part. */
const detached = (word: string): string =>
  String.fromCharCode(...Array.from({ length: word.length }, (_, i) => word.charCodeAt(i)));
