/**
 * @file The words that GPT-2 splits a text into (Radford et al., "Language Models are Unsupervised
 * Multitask Learners", 2019, `encoder.py`). Tokens never reach across them.
 *
 * White space is JavaScript's: it counts U+FEFF and not U+0085, in Python it is the other way round.
 */

/** An English contraction; letters, digits or other signs after at most one space; white space. */
const WORD = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** The words of a text, in order; put together they are the text. */
export function* words(text: string): Generator<string, void, undefined> {
  const pattern = new RegExp(WORD);
  for (let start = 0; pattern.test(text); start = pattern.lastIndex) {
    yield text.slice(start, pattern.lastIndex);
  }
}
