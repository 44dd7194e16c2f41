/**
 * @file What is held out of data for training, where nobody gives any.
 *
 *   place(content) = E(key of the seed, digest(content)) / 2³²   in [0, 1)        held out: place < share
 *
 * The place of an example depends on its content and the seed alone: examples that are added move no others, copies stay together, and the
 * order of a file does not matter. At least one is held out, and at least one is not: the one of the least place, and that of the greatest.
 */

import { alone, type Collective } from "../../collective/index.ts";
import { type Own, type SharedTokens, told, type TokenRange } from "../../data/index.ts";
import { foldIn, type Key, randomKey } from "../../random/key.ts";
import { threefry2x32 } from "../../random/threefry.ts";

/** The share that is held out by default. */
const SHARE = 0.05;

/** Examples for training and those held out. */
export interface Split<T> {
  readonly training: readonly T[];
  readonly validation: readonly T[];
  /** How both were made of one list; undefined where those held out are given. */
  readonly cut?: Cut;
}

/** A text, or tokens. */
export type Content = string | Int32Array;

/** Holds out some of a list, whoever has them; of an example, `contentOf` says what it is: by default all that it has. */
export type Cut = <T>(
  all: readonly T[],
  contentOf?: (example: Own<T>) => Content,
) => Required<Split<T>>;

/** Tokens, some of which are held out. */
export interface TokenSplit {
  readonly training: SharedTokens;
  readonly validation: SharedTokens;
}

/** Holds out examples, and parts of texts. */
export interface HoldOut {
  readonly cut: Cut;
  /** Whether an example of this content is held out, of how many there may be. */
  isHeld(content: Content): boolean;
  /** Documents whose tokens stand one after another, each with `endOfText` behind it; long ones are cut into passages. */
  cutTokens(tokens: SharedTokens, endOfText: number | undefined): TokenSplit;
}

/**
 * @param share - of all, in (0, 1)
 * @param ranks - who have the examples between them
 */
export function holdOut(seed: number, share: number = SHARE, ranks: Collective = alone): HoldOut {
  const keyOf = (round: number) => foldIn(foldIn(randomKey(seed), "held out"), round);
  const cutOf =
    (round: number): Cut =>
    (all, contentOf = (example) => JSON.stringify(example)) => {
      const key = keyOf(round);
      const isHeld = chosen(
        told(ranks, all, (example) => placeOf(contentOf(example), key)),
        share,
      );
      return {
        training: all.filter((_, i) => !isHeld[i]),
        validation: all.filter((_, i) => isHeld[i]),
        // Those whose places are low are gone: of the others, other places.
        cut: cutOf(round + 1),
      };
    };
  return {
    cut: cutOf(0),
    isHeld: (content) => placeOf(content, keyOf(0)) < share,
    cutTokens(tokens, endOfText) {
      const passages = passagesOf(tokens, endOfText);
      const key = keyOf(0);
      const isHeld = chosen(
        tokens.told(passages, (passage) => placeOf(passage, key)),
        share,
      );
      return {
        training: tokens.select(passages.filter((_, i) => !isHeld[i])),
        validation: tokens.select(passages.filter((_, i) => isHeld[i])),
      };
    },
  };
}

function placeOf(content: Content, key: Key): number {
  const { high, low } = digestOf(content);
  const [place] = threefry2x32(key, high, low);
  return place / 2 ** 32;
}

/** 64 bits that differ where contents do, all but surely: two products modulo 2³², as in FNV-1a, since chaining the cipher takes several times as long. */
function digestOf(content: Content): Key {
  let [high, low] = [0x811c9dc5 | 0, content.length];
  for (let i = 0; i < content.length; i += 1) {
    const next = typeof content === "string" ? content.charCodeAt(i) : (content[i] ?? 0);
    high = Math.imul(high ^ next, 0x01000193);
    low = Math.imul((low << 13) ^ (low >>> 19) ^ next, 0x9e3779b1);
  }
  return { high: high >>> 0, low: low >>> 0 };
}

/** Which of some places are below a share, but neither none nor all. */
function chosen(places: readonly number[], share: number): readonly boolean[] {
  const sorted = places.map((place, i) => ({ place, i })).toSorted((a, b) => a.place - b.place);
  const below = places.filter((place) => place < share).length;
  const count = Math.max(1, Math.min(below, places.length - 1));
  const isHeld = places.map(() => false);
  for (const { i } of sorted.slice(0, count)) isHeld[i] = true;
  return isHeld;
}

/** The most tokens of a passage; fewer where the whole has less than forty of them, so that there is a choice. */
const PASSAGE_TOKENS = 8192;
const LEAST_PASSAGES = 40;

function passagesOf(tokens: SharedTokens, endOfText: number | undefined): readonly TokenRange[] {
  const { length } = tokens;
  // A passage has two tokens at least: one to read, one to predict.
  const most = Math.min(PASSAGE_TOKENS, Math.max(2, Math.floor(length / LEAST_PASSAGES)));
  const marks = endOfText === undefined ? [] : tokens.placesOf(endOfText);
  const ends = marks.map((mark) => mark + 1);
  if (length > (ends.at(-1) ?? 0)) ends.push(length);
  const passages: TokenRange[] = [];
  let start = 0;
  for (const end of ends) {
    // What is left of a document goes with the passage before, unless it is half of one.
    while (end - start >= 1.5 * most && end - start > most + 1) {
      passages.push([start, start + most]);
      start += most;
    }
    passages.push([start, end]);
    start = end;
  }
  return passages;
}
