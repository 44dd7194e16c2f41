/**
 * @file Texts with ranges as tokens with ranges. Tokens need not end where a range does: one that reaches into a range, or out of it,
 * counts as the range's.
 *
 * A conversation may be many texts, each of which begins like the one before. What is known of a beginning is kept at seams: places where
 * the tokens end too, whatever stands within a neighbourhood of them left out. What follows a seam is encoded with the neighbourhood
 * before it alone, so that a text costs what is new in it, and a range its own length.
 */

import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { Range, RenderedTurns } from "./turns.ts";

/** The tokens of a conversation, and which of them the assistant says. */
export interface ChatEncoding {
  readonly ids: Int32Array;
  /** What the assistant says, with what ends its turns, in `ids`. */
  readonly assistant: readonly Range[];
}

/** A place in a text, and in its tokens. */
interface Seam {
  readonly text: number;
  readonly token: number;
}

const START: Seam = { text: 0, token: 0 };

/** Characters on either side of a seam that the tokenizer is asked about. */
const NEIGHBOURHOOD = 128;

/** How many ends of words before an end are tried where that is no seam itself. */
const TRIES = 6;

/** Encodes texts, one after the other; ranges are in order, and those without a token are left out. */
export function turnEncoder(
  tokenizer: Pick<Tokenizer, "encode">,
): (turns: RenderedTurns) => ChatEncoding {
  const encode = rememberingNeighbourhoods(tokenizer.encode);
  let before = { text: "", ids: new Int32Array(), seams: [START] };
  return ({ text, assistant }) => {
    const shared = sharedText(before.text, text);
    const seams = before.seams.filter((seam) => seam.text + NEIGHBOURHOOD <= shared);
    const last = seams.at(-1) ?? START;
    const rest = encodeFrom(encode, text, last.text);
    const ids = new Int32Array(last.token + rest.length);
    ids.set(before.ids.subarray(0, last.token));
    ids.set(rest, last.token);
    const ranges = tokenRanges(encode, { text, ids, seams }, assistant);
    before = { text, ids, seams };
    return { ids, assistant: ranges };
  };
}

/** A text, with the seams that are known of it; more of them are added. */
interface Known {
  readonly text: string;
  readonly ids: Int32Array;
  readonly seams: Seam[];
}

function tokenRanges(
  encode: Tokenizer["encode"],
  { text, ids, seams }: Known,
  ranges: readonly Range[],
): readonly Range[] {
  const [firstStart = text.length] = ranges[0] ?? [];
  let seam = seams.findLast((each) => each.text <= firstStart) ?? START;

  /** How many ids the text up to an end shares with the whole, and whether it has more. */
  const upTo = (end: number) => {
    const part = encodeFrom(encode, text, seam.text, end);
    const shared = sharedLength(ids.subarray(seam.token), part);
    const token = seam.token + shared;
    const hasMore = shared < part.length;
    // No text goes on where another ends: it would be the same.
    if (end === text.length) return { token, hasMore };
    if (!hasMore && isSeam(encode, text, end)) keep({ text: end, token });
    else seamBefore(end);
    return { token, hasMore };
  };

  const seamBefore = (end: number): void => {
    let at = end;
    for (let tries = 0; tries < TRIES; tries += 1) {
      at = endOfWord(text, Math.max(seam.text, end - NEIGHBOURHOOD), at);
      if (at < 0) return;
      if (!isSeam(encode, text, at)) continue;
      const part = encodeFrom(encode, text, seam.text, at);
      if (sharedLength(ids.subarray(seam.token), part) < part.length) continue;
      keep({ text: at, token: seam.token + part.length });
      return;
    }
  };

  const keep = (found: Seam): void => {
    seam = found;
    if (found.text > (seams.at(-1)?.text ?? 0)) seams.push(found);
  };

  // The next text may differ from the first of these answers on.
  seamBefore(firstStart - NEIGHBOURHOOD);
  return ranges.flatMap(([start, end]): Range[] => {
    const { token: first } = upTo(start);
    const { token, hasMore } = upTo(end);
    const last = token + (hasMore ? 1 : 0);
    return first < last ? [[first, last]] : [];
  });
}

/** The ids of a text from a seam on, up to an end. */
function encodeFrom(
  encode: Tokenizer["encode"],
  text: string,
  seam: number,
  end = text.length,
): Int32Array {
  const start = Math.max(0, seam - NEIGHBOURHOOD);
  const left = seam === start ? 0 : encode(text.slice(start, seam)).length;
  return encode(text.slice(start, end)).subarray(left);
}

/** Whether tokens end at a place, within its neighbourhood, with what stands before it and without. */
function isSeam(encode: Tokenizer["encode"], text: string, at: number): boolean {
  const start = Math.max(0, at - NEIGHBOURHOOD);
  const left = encode(text.slice(start, at));
  const whole = encode(text.slice(start, at + NEIGHBOURHOOD));
  return sharedLength(whole, left) === left.length;
}

/** The last place before an end, and not before a start, where a word ends at a space; -1 if there is none. */
function endOfWord(text: string, start: number, end: number): number {
  for (let at = end - 1; at > start; at -= 1) {
    if (isSpace(text, at) && !isSpace(text, at - 1)) return at;
  }
  return -1;
}

const isSpace = (text: string, at: number): boolean => /\s/.test(text.charAt(at));

/** How many ids two begin with alike. */
function sharedLength(a: Int32Array, b: Int32Array): number {
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a[i] === b[i]) i += 1;
  return i;
}

/** What stands before a seam is encoded when it is looked for, and each time that something follows from there. */
function rememberingNeighbourhoods(encode: Tokenizer["encode"]): Tokenizer["encode"] {
  const known = new Map<string, Int32Array>();
  return (text) => {
    if (text.length !== NEIGHBOURHOOD) return encode(text);
    const found = known.get(text);
    if (found) return found;
    if (known.size === MOST_KNOWN) known.clear();
    const ids = encode(text);
    known.set(text, ids);
    return ids;
  };
}

const MOST_KNOWN = 100;

/** UTF-16 units that are compared at once, which is faster than one by one. */
const BLOCKS = [1024, 32, 1];

/** How many UTF-16 units two texts begin with alike. */
function sharedText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let i = 0;
  for (const block of BLOCKS) {
    while (i + block <= length && a.slice(i, i + block) === b.slice(i, i + block)) i += block;
  }
  return i;
}
