/**
 * @file The examples of a source, of which each rank has a share: a range of the rows where these can be read in shares, else every Nth
 * of all, which all read.
 */

import { checkSame, type Collective, gatheredTexts, someRank } from "../../collective/index.ts";
import { FormatError, UsageError } from "../../errors.ts";
import { crc32 } from "../../host/crc32.ts";
import {
  type ExampleReader,
  keptExamples,
  noExamples,
  readExamples,
  type ReadOptions,
} from "../examples/reader.ts";
import type { RowSource } from "../formats/row.ts";
import { Elsewhere, type Shared } from "./elsewhere.ts";

/** Who reads, and how much. */
export interface SharedReading extends ReadOptions {
  readonly ranks: Collective;
}

/**
 * The examples of a source, in order, on every rank.
 *
 * @throws as `readExamples` does, on all ranks, and {UsageError} if they have other data.
 */
export async function sharedExamples<E>(
  source: RowSource,
  reader: ExampleReader<E>,
  reading: SharedReading,
): Promise<readonly Shared<E>[]> {
  const { ranks, ...options } = reading;
  if (ranks.size === 1) return readExamples(source, reader, options);
  return (await inRanges(source, reader, reading)) ?? (await inTurn(source, reader, reading));
}

/** Each reads a range; undefined where the rows have none, or something is wrong with some, which is said by those who read all. */
async function inRanges<E>(
  source: RowSource,
  reader: ExampleReader<E>,
  { ranks, tell, ...options }: SharedReading,
): Promise<readonly Shared<E>[] | undefined> {
  const { rank, size } = ranks;
  const share = await source.share?.({ index: rank, count: size });
  checkSame(ranks, crc32, { data: share ? `${share.bytes} ${JSON.stringify(share.first)}` : "" });
  if (!share) return undefined;
  const columns: string[] = [];
  const own = await unlessWrong(() =>
    keptExamples({ ...source, rows: share.rows }, reader, {
      ...options,
      tell: (words) => void columns.push(words),
    }),
  );
  if (someRank(ranks, own === undefined) || !own) return undefined;
  const counts = ranks.gather([own.length]).map(([count = 0]) => count);
  if (counts.every((count) => count === 0)) return undefined;
  // Who has no row of a table has seen no columns.
  const [words] = gatheredTexts(ranks, columns).find((texts) => texts.length > 0) ?? [];
  if (words !== undefined) tell?.(words);
  return counts.flatMap((count, owner): readonly Shared<E>[] => {
    const other = new Elsewhere(owner);
    return owner === rank ? own : Array.from({ length: count }, () => other);
  });
}

/** What is read, or undefined if that is refused. */
export async function unlessWrong<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof FormatError || error instanceof UsageError) return undefined;
    throw error;
  }
}

/** All are read by all, who keep some in turn. */
async function inTurn<E>(
  source: RowSource,
  reader: ExampleReader<E>,
  { ranks, ...options }: SharedReading,
): Promise<readonly Shared<E>[]> {
  const { rank, size } = ranks;
  const encoder = new TextEncoder();
  let [count, sum] = [0, 0];
  const own = await keptExamples(source, reader, {
    ...options,
    isKept(example, place) {
      count = place + 1;
      sum = crc32(encoder.encode(JSON.stringify(example)), sum);
      return place % size === rank;
    },
  });
  checkSame(ranks, crc32, { data: `${count} ${sum}` });
  if (count === 0) throw noExamples(source, reader);
  const others = ranks.gather([]).map((_, owner) => new Elsewhere(owner));
  return Array.from({ length: count }, (_, place) => place).flatMap(
    (place): readonly Shared<E>[] => {
      const [round, owner] = [Math.floor(place / size), place % size];
      return owner === rank ? own.slice(round, round + 1) : others.slice(owner, owner + 1);
    },
  );
}
