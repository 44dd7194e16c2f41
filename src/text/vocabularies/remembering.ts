/** @file Words that come again are written once. */

/** Words remembered, and the length up to which they are, in UTF-16 units. */
const REMEMBERED_WORDS = 100_000;
const REMEMBERED_LENGTH = 64;

/** A function of words that computes those that come again once. */
export function remembering(
  encode: (word: string) => readonly number[],
): (word: string) => readonly number[] {
  const known = new Map<string, readonly number[]>();
  return (word) => {
    const found = known.get(word);
    if (found !== undefined) return found;
    const ids = encode(word);
    if (known.size < REMEMBERED_WORDS && word.length <= REMEMBERED_LENGTH) {
      known.set(detached(word), ids);
    }
    return ids;
  };
}

/** A copy that does not keep the text alive of which the word is a part. */
const detached = (word: string): string =>
  String.fromCharCode(...Array.from({ length: word.length }, (_, i) => word.charCodeAt(i)));
