/**
 * @file The words that GPT-2 splits a text into (Radford et al., "Language Models are Unsupervised
 * Multitask Learners", 2019, `encoder.py`). Tokens never reach across them.
 *
 * White space is Unicode's, as there. JavaScript's `\s` differs: it has U+FEFF and not U+0085.
 */

/** An English contraction; letters, digits or other signs after at most one space; white space. */
const WORD = [
  "'s|'t|'re|'ve|'m|'ll|'d",
  String.raw` ?\p{L}+`,
  String.raw` ?\p{N}+`,
  String.raw` ?[^\p{White_Space}\p{L}\p{N}]+`,
  String.raw`\p{White_Space}+(?!\P{White_Space})`,
  String.raw`\p{White_Space}+`,
].join("|");

/** The words of a text, in order; put together they are the text. */
export function* words(text: string): Generator<string, void, undefined> {
  const pattern = new RegExp(WORD, "gu");
  for (let start = 0; pattern.test(text); start = pattern.lastIndex) {
    yield text.slice(start, pattern.lastIndex);
  }
}
