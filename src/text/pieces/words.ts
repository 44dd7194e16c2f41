/**
 * @file The words that GPT-2 splits a text into (Radford et al., "Language Models are Unsupervised
 * Multitask Learners", 2019, `encoder.py`). Tokens never reach across them.
 *
 * White space is Unicode's, as there. JavaScript's `\s` differs: it has U+FEFF and not U+0085.
 */

/** An English contraction; letters, digits or other signs after at most one space; white space. */
const WORDS = new RegExp(
  [
    "'s|'t|'re|'ve|'m|'ll|'d",
    String.raw` ?\p{L}+`,
    String.raw` ?\p{N}+`,
    String.raw` ?[^\p{White_Space}\p{L}\p{N}]+`,
    String.raw`\p{White_Space}+(?!\P{White_Space})`,
    String.raw`\p{White_Space}+`,
  ].join("|"),
  "gu",
);

/** The words of a text, in order; put together they are the text. */
export const words = (text: string): readonly string[] => text.match(WORDS) ?? [];

/** The same one by one, for texts whose words are more than is to be in memory. */
export function* eachWord(text: string): Generator<string, void, undefined> {
  for (const [word] of text.matchAll(WORDS)) yield word;
}
