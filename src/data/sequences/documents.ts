/**
 * @file Texts as tokens, a part at a time: a long text is encoded while it is read, and is never there as a whole.
 *
 * A text may be cut where both sides together have the tokens that they have by themselves. Whether they do is asked of the tokenizer,
 * for the characters around the cut. Where white space begins most do; some write a space of their own before every text, so that the
 * one in the text is left out at the cut. A text that cannot be cut is encoded as a whole.
 */

import { alone, checkSame, type Collective, gathered } from "../../collective/index.ts";
import { UsageError } from "../../errors.ts";
import { crc32 } from "../../host/crc32.ts";
import type { Tokenizer } from "../../text/tokenizers/tokenizer.ts";
import { gapsFromEnd, recut, type Seam, type TextPart, type TextParts } from "../examples/texts.ts";
import { tokenBuffer } from "./token-buffer.ts";

/** The tokens of a text, int32. */
export type Encode = (text: string) => Int32Array;

/** The tokens of a part of a text. */
export interface EncodedPart {
  readonly ids: Int32Array;
  /** Whether it belongs to the text of the part before. */
  readonly continues: boolean;
  /** The rank that encoded it. */
  readonly owner: number;
}

/** How texts become tokens, and by whom. */
export interface PartsEncoding {
  readonly encode: Encode;
  /** For what a text begins with; the same if absent. */
  readonly encodeFirst?: Encode;
  /** Who encodes the parts in turn, of which each gets all; one process if absent. */
  readonly ranks?: Collective | undefined;
}

/** The tokens of texts. */
export async function* encodedParts(
  parts: TextParts,
  { encode, encodeFirst = encode, ranks = alone }: PartsEncoding,
): AsyncGenerator<EncodedPart, void, undefined> {
  const tokensOf = ({ text, continues }: TextPart) =>
    continues ? encode(text) : encodeFirst(text);
  let round: TextPart[] = [];
  let characters = 0;
  for await (const part of recut(parts, (text) => seamFor(text, encode))) {
    round.push(part);
    characters += part.text.length;
    const isRound = round.length >= ranks.size && characters >= ROUND * ranks.size;
    if (ranks.size > 1 && !isRound) continue;
    yield* encodedTogether(round, { tokensOf, ranks });
    [round, characters] = [[], 0];
  }
  yield* encodedTogether(round, { tokensOf, ranks });
}

/** Characters that a rank encodes, at least, before all tell each other. */
const ROUND = 2 ** 18;

interface Together {
  readonly tokensOf: (part: TextPart) => Int32Array;
  readonly ranks: Collective;
}

/** The tokens of parts, which ranks encode in turn. @throws {UsageError} if a rank has other texts. */
function* encodedTogether(
  parts: readonly TextPart[],
  { tokensOf, ranks }: Together,
): Generator<EncodedPart, void, undefined> {
  const { rank, size } = ranks;
  checkSame(ranks, crc32, { data: parts.map(({ text }) => text).join("\0") });
  // What follows one another stays together.
  const ownerOf = (i: number) => Math.floor((i * size) / parts.length);
  const own = parts.map((part, i) => (ownerOf(i) === rank ? tokensOf(part) : undefined));
  const told = own.flatMap((ids) => (ids && size > 1 ? [ids.length, ...ids] : []));
  const found = gathered(ranks, told);
  const places = found.map(() => 0);
  for (const [i, { continues = false }] of parts.entries()) {
    const [owner, ids] = [ownerOf(i), own[i]];
    const numbers = found[owner] ?? [];
    const start = (places[owner] ?? 0) + 1;
    const end = start + (numbers[start - 1] ?? 0);
    places[owner] = end;
    yield { ids: ids ?? Int32Array.from(numbers.slice(start, end)), continues, owner };
  }
}

/** Characters on either side of a cut that the tokenizer is asked about. */
const NEIGHBOURHOOD = 128;
const MOST_TRIES = 64;

/** The last place where a text can be cut, of some that are tried. */
export function seamFor(text: string, encode: Encode): Seam | undefined {
  let tries = 0;
  // Nothing is known yet about what follows the end.
  for (const end of gapsFromEnd(text.slice(0, -NEIGHBOURHOOD))) {
    const left = text.slice(Math.max(0, end - NEIGHBOURHOOD), end);
    for (const start of text.charAt(end) === " " ? [end, end + 1] : [end]) {
      const right = text.slice(start, end + NEIGHBOURHOOD);
      const whole = encode(text.slice(end - left.length, end + NEIGHBOURHOOD));
      if (isJoined(whole, encode(left), encode(right))) return { end, start };
    }
    tries += 1;
    if (tries === MOST_TRIES) return undefined;
  }
  return undefined;
}

const isJoined = (whole: Int32Array, first: Int32Array, second: Int32Array): boolean =>
  whole.length === first.length + second.length &&
  whole.every((id, i) => id === (i < first.length ? first[i] : second[i - first.length]));

/**
 * Texts as one stream of tokens, each as a prompt is and followed by the end-of-text token.
 *
 * @throws {UsageError} if there are several and the tokenizer has no end-of-text token.
 */
export async function textTokens(tokenizer: Tokenizer, parts: TextParts): Promise<Int32Array> {
  const { encode, encodePrompt: encodeFirst } = tokenizer;
  const tokens = tokenBuffer();
  let texts = 0;
  for await (const { ids, continues } of encodedParts(parts, { encode, encodeFirst })) {
    if (!continues) {
      if (texts > 0) tokens.push(Int32Array.of(endOfText(tokenizer)));
      texts += 1;
    }
    tokens.push(ids);
  }
  const isPlain = texts === 1 && tokenizer.endOfText === undefined;
  if (texts > 0 && !isPlain) tokens.push(Int32Array.of(endOfText(tokenizer)));
  return tokens.take();
}

/** @throws {UsageError} if there is none. */
export function endOfText(tokenizer: Tokenizer): number {
  if (tokenizer.endOfText !== undefined) return tokenizer.endOfText;
  throw new UsageError(`tokenizer: no end-of-text token; got ${tokenizer.name}`, {
    hint: 'name it as "eos_token" in tokenizer_config.json',
  });
}
