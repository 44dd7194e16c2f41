/**
 * @file Texts as one stream of tokens that ranks have between them, the same for any number of them. Each reads a share of every source, and
 * encodes it from the first seam in it to that in the next share: what stands before its own it tells the rank before. Sources without
 * shares are read by all, who encode their parts in turn.
 */

import { checkSame, type Collective, gatheredTexts, someRank } from "../../collective/index.ts";
import { crc32 } from "../../host/crc32.ts";
import type { Tokenizer } from "../../text/tokenizers/tokenizer.ts";
import type { TextEnds, TextPart, Texts, TextShare, TextSource } from "../examples/texts.ts";
import { unlessWrong } from "../shares/shared-examples.ts";
import {
  ownTokens,
  type SharedTokens,
  sharedTokens,
  type Stretch,
} from "../shares/shared-tokens.ts";
import { encodedParts, endOfText, seamFor, textTokens } from "./documents.ts";
import { tokenBuffer } from "./token-buffer.ts";

/**
 * The tokens of `textTokens`, of which each rank keeps a share.
 *
 * @throws {UsageError} as `textTokens` does, and if ranks have other texts.
 * @throws {FormatError} if the texts are none.
 */
export async function sharedTextTokens(
  tokenizer: Tokenizer,
  texts: Texts,
  ranks: Collective,
): Promise<SharedTokens> {
  if (ranks.size === 1) return ownTokens(await textTokens(tokenizer, texts));
  const stretches: Stretch[] = [];
  let count = 0;
  for await (const source of texts.sources()) {
    const encoding = { tokenizer, ranks };
    const found = (await inShares(source, encoding)) ?? (await inTurn(source, encoding));
    count += found.count;
    // Without an end of text there is one text.
    if (count > 1) endOfText(tokenizer);
    stretches.push(...found.stretches);
  }
  return sharedTokens(ranks, stretches);
}

interface Encoding {
  readonly tokenizer: Tokenizer;
  readonly ranks: Collective;
}

/** The tokens of a source. */
interface Encoded {
  readonly stretches: readonly Stretch[];
  /** Texts that begin in it. */
  readonly count: number;
}

/** Undefined where there are no shares, or something is wrong with one, which is said by those who read all. */
async function inShares(source: TextSource, encoding: Encoding): Promise<Encoded | undefined> {
  const { tokenizer, ranks } = encoding;
  const { rank, size } = ranks;
  const share = await source.share?.({ index: rank, count: size });
  checkSame(ranks, crc32, { data: share ? `${share.bytes} ${JSON.stringify(share.first)}` : "" });
  if (!share) return undefined;
  const isWhole = share.begins && share.ends;
  const parts = isWhole ? share.parts() : await movedParts(share, encoding);
  if (!parts) return undefined;
  const own = await unlessWrong(() => ownStretch(parts, tokenizer, share));
  const told = ranks.gather(own ? [own.ids.length, own.count] : [WRONG, WRONG]);
  const begun = told.reduce((sum, [, count = 0]) => sum + count, 0);
  if (begun === 0 || told.some(([length]) => length === WRONG)) return undefined;
  return {
    stretches: told.map(([length = 0], owner) => {
      return { owner, length, ids: owner === rank ? own?.ids : undefined };
    }),
    count: begun,
  };
}

const WRONG = -1;

/** A share of one text from its first seam on, and what follows up to the first seam in the next: undefined where something is wrong with one. */
async function movedParts(
  share: TextShare,
  { tokenizer, ranks }: Encoding,
): Promise<AsyncIterable<TextPart> | undefined> {
  const { rank } = ranks;
  const parts = share.parts();
  const cut = rank === 0 ? NOTHING : await unlessWrong(() => beforeSeam(parts, tokenizer));
  if (someRank(ranks, cut === undefined) || !cut) return undefined;
  const { rest } = cut;
  const heads = gatheredTexts(ranks, [...cut.head, ...(rest === undefined ? [NO_SEAM] : [])]);
  return (async function* () {
    if (rest !== undefined) {
      if (rest !== "") yield { text: rest, continues: true };
      yield* parts;
      for (const head of heads.slice(rank + 1)) {
        for (const text of head) if (text !== NO_SEAM) yield { text, continues: true };
        if (head.at(-1) !== NO_SEAM) break;
      }
    }
  })();
}

/** Stands behind a share that has no seam; no text is empty. */
const NO_SEAM = "";

/** A share that is cut at its first seam. */
interface Cut {
  readonly head: readonly string[];
  /** Of the part in which it was found; undefined if there is none. */
  readonly rest: string | undefined;
}

const NOTHING: Cut = { head: [], rest: "" };

/** Characters in which a seam is looked for first. */
const LOOKED_AT = 4096;

/** Takes parts up to the first that has a seam. */
async function beforeSeam(parts: AsyncIterable<TextPart>, { encode }: Tokenizer): Promise<Cut> {
  const iterator = parts[Symbol.asyncIterator]();
  const head: string[] = [];
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    const { text } = next.value;
    const seam = seamFor(text.slice(0, LOOKED_AT), encode) ?? seamFor(text, encode);
    if (seam) return { head: [...head, text.slice(0, seam.end)], rest: text.slice(seam.start) };
    head.push(text);
  }
  return { head, rest: undefined };
}

/** The tokens of own texts, each with the end of text behind it. */
async function ownStretch(
  parts: AsyncIterable<TextPart>,
  { encode, encodePrompt: encodeFirst, endOfText: end }: Tokenizer,
  { begins, ends }: TextEnds,
): Promise<{ readonly ids: Int32Array; readonly count: number }> {
  const tokens = tokenBuffer();
  const close = () => end !== undefined && tokens.push(Int32Array.of(end));
  let count = 0;
  for await (const { ids, continues } of encodedParts(parts, { encode, encodeFirst })) {
    if (!continues) {
      if (count > 0) close();
      count += 1;
    }
    tokens.push(ids);
  }
  if (ends && (count > 0 || !begins)) close();
  return { ids: tokens.take(), count };
}

/** All is read by all, who encode parts in turn, and keep those. */
async function inTurn(source: TextSource, { tokenizer, ranks }: Encoding): Promise<Encoded> {
  const { encode, encodePrompt: encodeFirst, endOfText: end } = tokenizer;
  const close = end === undefined ? new Int32Array() : Int32Array.of(end);
  const stretches: Stretch[] = [];
  const tokens = tokenBuffer();
  let [owner, length, count] = [0, 0, 0];
  const stretch = () => {
    const ids = tokens.take();
    stretches.push({ owner, length, ids: owner === ranks.rank ? ids : undefined });
    length = 0;
  };
  const push = (ids: Int32Array) => {
    length += ids.length;
    if (owner === ranks.rank) tokens.push(ids);
  };
  for await (const part of encodedParts(source.all(), { encode, encodeFirst, ranks })) {
    if (!part.continues && count > 0) push(close);
    if (!part.continues) count += 1;
    if (part.owner !== owner) {
      stretch();
      owner = part.owner;
    }
    push(part.ids);
  }
  push(close);
  stretch();
  return { stretches, count };
}
