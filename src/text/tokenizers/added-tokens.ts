/**
 * @file Added tokens: what is cut out of a text before it is split.
 *
 * Those that are not "normalized" are looked for in the text as it is, and then the others in what the normalizer makes of the
 * stretches between; at one place the longest is found. One with "single_word" is passed over inside a word; "lstrip" and "rstrip"
 * take the white space around a token with it.
 */

import { FormatError } from "../../errors.ts";
import { isObject, type Json } from "../../files/json.ts";
import type { Normalizer } from "../pieces/normalizers.ts";
import { literal } from "../pieces/pattern.ts";
import { WORD } from "../pieces/unicode.ts";

/** A token that was added to a vocabulary. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly isSpecial: boolean;
  readonly isNormalized: boolean;
  readonly isSingleWord: boolean;
  readonly takesLeft: boolean;
  readonly takesRight: boolean;
}

/** A token that was found, or a stretch of text, that may begin the whole text. */
export type Found = { readonly id: number } | { readonly text: string; readonly isFirst: boolean };

/**
 * The field "added_tokens".
 *
 * @throws {FormatError} if one of them is not what it should be, or has another id than Hugging Face's tokenizers give it.
 */
export function addedTokensOf(
  path: string,
  { added_tokens: listed = [] }: Json,
  vocabulary: ReadonlyMap<string, number>,
): readonly AddedToken[] {
  if (!Array.isArray(listed)) throw new FormatError(path, "added_tokens: must be a list");
  const tokens = listed
    .map((entry: unknown) => tokenOf(path, entry))
    .filter(({ content }) => content !== "");
  const ids = new Map<string, number>();
  for (const { content, id } of tokens) {
    const largest = [...ids.values()].reduce((max, each) => Math.max(max, each), -1);
    // Hugging Face's tokenizers give out ids of their own, whatever the file says.
    const next = Math.max(largest + 1, vocabulary.size);
    const given = ids.get(content) ?? vocabulary.get(content) ?? next;
    if (given !== id) {
      const what = `added_tokens: ${JSON.stringify(content)} gets the id ${given}`;
      throw new FormatError(path, `${what} of its place; got ${id}`);
    }
    ids.set(content, id);
  }
  return tokens;
}

/**
 * Tokens of the vocabulary that a configuration names and that are not added: transformers adds them, so that they are found in texts
 * and are special.
 */
export function addedByName(
  path: string,
  added: readonly AddedToken[],
  named: readonly Json[],
  vocabulary: ReadonlyMap<string, number>,
): readonly AddedToken[] {
  const known = new Set(added.map(({ content }) => content));
  return named.flatMap((entry) => {
    const content = String(entry["content"]);
    const id = vocabulary.get(content);
    if (content === "" || id === undefined || known.has(content)) return [];
    known.add(content);
    return [tokenOf(path, { ...entry, id, special: true })];
  });
}

function tokenOf(path: string, entry: unknown): AddedToken {
  const { id, content, special, normalized, ...flags }: Json = isObject(entry) ? entry : {};
  if (typeof content !== "string" || typeof id !== "number" || !Number.isInteger(id) || id < 0) {
    const got = JSON.stringify(entry) ?? "nothing";
    throw new FormatError(path, `added_tokens: must have an id and a content; got ${got}`);
  }
  return {
    id,
    content,
    isSpecial: special === true,
    isNormalized: typeof normalized === "boolean" ? normalized : special !== true,
    isSingleWord: flags["single_word"] === true,
    takesLeft: flags["lstrip"] === true,
    takesRight: flags["rstrip"] === true,
  };
}

/** What cuts tokens out of a text, and normalizes what stands between them. */
export function addedTokenFinder(
  tokens: readonly AddedToken[],
  normalize: Normalizer,
): (text: string) => Iterable<Found> {
  const plain = finderOf(
    tokens.filter(({ isNormalized }) => !isNormalized).map((token) => [token.content, token]),
  );
  const normalized = finderOf(
    tokens
      .filter(({ isNormalized }) => isNormalized)
      .map((token) => [normalize(token.content), token]),
  );
  return function* (text) {
    for (const found of plain({ text, isFirst: true })) {
      if ("id" in found) yield found;
      else yield* normalized({ text: normalize(found.text), isFirst: found.isFirst });
    }
  };
}

const ENDS_WITH_WORD = new RegExp(`${WORD}$`, "u");
const STARTS_WITH_WORD = new RegExp(`^${WORD}`, "u");

interface Stretch {
  readonly text: string;
  readonly isFirst: boolean;
}

/** What finds tokens by what is written for them; the first of several that are written alike. */
function finderOf(
  entries: readonly (readonly [written: string, token: AddedToken])[],
): (stretch: Stretch) => Iterable<Found> {
  const byText = new Map(entries.toReversed().filter(([written]) => written !== ""));
  if (byText.size === 0) return ({ text, isFirst }) => (text === "" ? [] : [{ text, isFirst }]);
  const longestFirst = [...byText.keys()].toSorted((a, b) => b.length - a.length);
  const expression = new RegExp(longestFirst.map(literal).join("|"), "g");
  return function* ({ text, isFirst }) {
    let end = 0;
    for (const { 0: written, index } of text.matchAll(expression)) {
      const token = byText.get(written);
      const stop = index + written.length;
      if (!token || (token.isSingleWord && isInWord(text, index, stop))) continue;
      const before = text.slice(end, index);
      const rest = token.takesLeft
        ? before.replace(/(?<!\p{White_Space})\p{White_Space}+$/u, "")
        : before;
      if (rest !== "") yield { text: rest, isFirst: isFirst && end === 0 };
      yield { id: token.id };
      const [space = ""] = token.takesRight
        ? (/^\p{White_Space}*/u.exec(text.slice(stop)) ?? [])
        : [];
      end = stop + space.length;
    }
    if (end < text.length) yield { text: text.slice(end), isFirst: isFirst && end === 0 };
  };
}

const isInWord = (text: string, start: number, stop: number): boolean =>
  ENDS_WITH_WORD.test(text.slice(Math.max(0, start - 2), start)) ||
  STARTS_WITH_WORD.test(text.slice(stop, stop + 2));
