/**
 * @file Texts as a stream of parts, of which a long text has several. A part need not end where a word does: those who need that cut
 * the parts anew, at seams.
 */

import { FormatError, UsageError } from "../../errors.ts";
import { isBlank } from "../bytes/lines.ts";
import type { RowShare, SharePlace } from "../bytes/row-share.ts";
import type { RowSource } from "../formats/row.ts";
import { cellsOf, rowError } from "./cells.ts";
import { rowWeight } from "./row-weight.ts";

/** A text, or a part of a long one. */
export interface TextPart {
  readonly text: string;
  /** Whether it goes on where the part before ends; otherwise it begins a text. */
  readonly continues?: boolean | undefined;
}

/** Texts in their order. */
export type TextParts = AsyncIterable<TextPart> | Iterable<TextPart>;

/** Texts of several sources, one after another. */
export interface Texts extends AsyncIterable<TextPart> {
  /** Each source by itself. */
  sources(): AsyncIterable<TextSource>;
}

/** Texts of one source. */
export interface TextSource {
  /** All of them. */
  all(): TextParts;
  /** One of several shares; undefined where they cannot be read in shares. */
  share?(place: SharePlace): Promise<TextShare | undefined>;
}

/** Whether texts begin where a text does, and whether they end where one does. */
export interface TextEnds {
  readonly begins: boolean;
  readonly ends: boolean;
}

/** Some of the texts of a source. Where shares are parts of one text, none has both ends. */
export interface TextShare extends TextEnds, Pick<RowShare<unknown>, "bytes" | "first"> {
  /** @throws {UsageError | FormatError} where they cannot be read by themselves. */
  parts(): AsyncIterable<TextPart>;
}

/** Sources of texts, of which nothing is read yet. */
export const textsIn = (sources: () => AsyncIterable<TextSource>): Texts => ({
  sources,
  async *[Symbol.asyncIterator]() {
    for await (const source of sources()) yield* source.all();
  },
});

/** The texts of a column of rows. */
export const textSource = (source: RowSource, column?: string): TextSource => ({
  all: () => textsOf(source, column),
  async share(place) {
    const share = await source.share?.(place);
    if (!share) return undefined;
    const { bytes, first, isOfOne = false } = share;
    const { index, count } = place;
    const ends = { begins: !isOfOne || index === 0, ends: !isOfOne || index === count - 1 };
    return {
      bytes,
      first,
      ...ends,
      async *parts() {
        let isEmpty = true;
        for await (const part of textsWithin({ ...source, rows: share.rows }, column, ends)) {
          isEmpty &&= isBlank(part.text);
          yield part;
        }
        // The first asks for all whether there is anything but white space.
        if (isEmpty && isOfOne && index === 0)
          for await (const _ of textsOf(source, column)) return;
      },
    };
  },
});

/**
 * The texts of a column. Those of white space alone are left out.
 *
 * @throws {UsageError} if the column is missing.
 * @throws {FormatError} if a row is no text, or has a weight, or there is none.
 */
export async function* textsOf(
  source: RowSource,
  column?: string,
): AsyncGenerator<TextPart, void, undefined> {
  let isEmpty = true;
  for await (const part of textsWithin(source, column, { begins: true, ends: true })) {
    isEmpty = false;
    yield part;
  }
  if (isEmpty) throw new FormatError(source.name, "there is no text in it");
}

async function* textsWithin(
  source: RowSource,
  column = "text",
  { begins, ends }: TextEnds,
): AsyncGenerator<TextPart, void, undefined> {
  const columns = [{ name: source.ownColumns?.[0] ?? column }];
  /** The beginning of a text that has been blank so far. */
  let blank = "";
  let isInText = !begins;
  for await (const placed of source.rows()) {
    if (placed.isElsewhere) continue;
    const continues = placed.continues ?? false;
    const [cell = ""] = cellsOf(placed, columns, source);
    const { weight } = rowWeight(placed, source, [column]);
    if (weight !== undefined) {
      const way = 'write the text as "completion" of an empty "prompt"';
      const message = `texts are learned as one stream and have no "weight"; got ${weight} (${way})`;
      throw rowError(source, placed.line, message);
    }
    if (!continues) [blank, isInText] = ["", false];
    if (!isInText && isBlank(cell)) {
      blank += cell;
      continue;
    }
    yield { text: blank + cell, continues: isInText };
    [blank, isInText] = ["", true];
  }
  if (!ends && blank !== "") yield { text: blank };
}

/** A place where a text may be cut: the first part ends at `end`, the second begins at `start`. */
export interface Seam {
  readonly end: number;
  readonly start: number;
}

/** Characters without a seam that are put together at most: what tokenizers make of a text without end takes hours. */
const MOST_UNCUT = 10_000_000;

/**
 * The same texts in other parts: the first part of two ends at a seam, and what follows goes to the second. Parts without a seam
 * are put together.
 *
 * @throws {UsageError} if too many are.
 */
export async function* recut(
  parts: TextParts,
  seamIn: (text: string) => Seam | undefined,
): AsyncGenerator<TextPart, void, undefined> {
  let pending: string[] = [];
  let continues = false;
  for await (const part of parts) {
    if (part.continues && pending.length > 0) {
      const last = pending.pop() ?? "";
      const seam = seamIn(last);
      if (seam) {
        yield { text: pending.join("") + last.slice(0, seam.end), continues };
        continues = true;
        // One string, so that the next seam may lie where two parts meet.
        pending = [last.slice(seam.start) + part.text];
      } else {
        pending.push(last, part.text);
        if (pending.reduce((sum, { length }) => sum + length, 0) > MOST_UNCUT) {
          const got = `${MOST_UNCUT / 1e6} million characters without a place for it`;
          throw new UsageError(`data: a long text is cut between words; got ${got}`);
        }
      }
      continue;
    }
    if (pending.length > 0) yield { text: pending.join(""), continues };
    pending = [part.text];
    continues = part.continues ?? false;
  }
  if (pending.length > 0) yield { text: pending.join(""), continues };
}

const SPACE = /\p{White_Space}/u;

/** Where white space begins in a text, from the end on: no word reaches across. */
export function* gapsFromEnd(text: string): Generator<number, void, undefined> {
  for (let at = text.length - 1; at > 0; at -= 1) {
    if (SPACE.test(text.charAt(at)) && !SPACE.test(text.charAt(at - 1))) yield at;
  }
}

/** The last place between two words. */
export function lastGap(text: string): Seam | undefined {
  const [at] = gapsFromEnd(text);
  return at === undefined ? undefined : { end: at, start: at };
}
