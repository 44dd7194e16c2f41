/**
 * @file Ranges of a text as ranges of its tokens. Tokens need not end where a range does: one that reaches into a range, or out of it,
 * counts as the range's.
 *
 * What is known of a beginning of the text is kept up to an anchor, where the tokens of both sides are those of the whole; then a range
 * costs its own length, not that of all that stands before it.
 */

import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { Range } from "./turns.ts";

/** A place in a text, and in its tokens. */
interface Anchor {
  readonly text: number;
  readonly token: number;
}

/** Characters on either side of an anchor that the tokenizer is asked about. */
const NEIGHBOURHOOD = 128;

/** Ranges of a text, in order, in its tokens; those without a token are left out. */
export function tokenRanges(
  { encode }: Pick<Tokenizer, "encode">,
  {
    text,
    ids,
    ranges,
  }: { readonly text: string; readonly ids: Int32Array; readonly ranges: readonly Range[] },
): readonly Range[] {
  let anchor: Anchor = { text: 0, token: 0 };

  /** How many ids the text up to an end shares with the whole, and whether it has more. */
  const upTo = (end: number) => {
    const part = encode(text.slice(anchor.text, end));
    const shared = sharedLength(ids.subarray(anchor.token), part);
    const token = anchor.token + shared;
    if (shared === part.length && isSeam(end)) anchor = { text: end, token };
    return { token, hasMore: shared < part.length };
  };

  const isSeam = (at: number): boolean => {
    const [start, end] = [Math.max(anchor.text, at - NEIGHBOURHOOD), at + NEIGHBOURHOOD];
    const [left, right] = [encode(text.slice(start, at)), encode(text.slice(at, end))];
    const whole = encode(text.slice(start, end));
    return (
      whole.length === left.length + right.length &&
      sharedLength(whole, left) === left.length &&
      sharedLength(whole.subarray(left.length), right) === right.length
    );
  };

  return ranges.flatMap(([start, end]): Range[] => {
    const { token: first } = upTo(start);
    const { token, hasMore } = upTo(end);
    const last = token + (hasMore ? 1 : 0);
    return first < last ? [[first, last]] : [];
  });
}

/** How many ids two texts begin with alike. */
function sharedLength(a: Int32Array, b: Int32Array): number {
  const differs = b.findIndex((id, i) => a[i] !== id);
  return differs === -1 ? b.length : differs;
}
