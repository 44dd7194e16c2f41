/**
 * @file Beam search with a decoder: every prompt has k rows of the batch, and a beam that continues
 * another takes over what that has read.
 */

import { UsageError } from "../../errors.ts";
import { type Batching, inBatches } from "./batching.ts";
import {
  type Beam,
  type BeamStepOptions,
  type Hypothesis,
  type Search,
  stepBeams,
} from "./beam-step.ts";
import type { Decoder } from "../programs/decoder.ts";
import { checkLengths, endsOf, type LengthLimits } from "./lengths.ts";
import { checkScoreRules } from "./score-rules.ts";

export interface BeamSearchOptions extends LengthLimits, BeamStepOptions, Batching {
  /** How many hypotheses to return for each prompt, at most k; 1 by default. */
  readonly returns?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The best hypotheses for every prompt, best first, in the order of the prompts.
 *
 * @throws {UsageError} if a prompt is empty or too long, or an option out of range.
 * @throws the signal's reason, when it aborts.
 */
export async function beamSearch(
  decoder: Decoder,
  prompts: readonly Int32Array[],
  options: BeamSearchOptions,
): Promise<(readonly Hypothesis[])[]> {
  checkLengths(prompts, decoder.contextLength, options);
  checkScoreRules(options);
  checkBeams(options);
  const { beams, returns = 1 } = options;
  return inBatches(prompts, { ...options, each: beams }, async (batch) => {
    const searches = await searchTogether(
      decoder,
      batch.map(({ ids }) => ids),
      options,
    );
    return searches.map(({ hypotheses }) => hypotheses.slice(0, returns));
  });
}

async function searchTogether(
  decoder: Decoder,
  prompts: readonly Int32Array[],
  options: BeamSearchOptions,
): Promise<readonly Search[]> {
  const { beams: k, signal } = options;
  const { vocabularySize } = decoder;
  signal?.throwIfAborted();
  const decoding = await decoder.open(prompts);
  try {
    const { first } = decoding;
    const ends = endsOf(first, decoder, options);
    let searches = first.map((ids, row) => begin(Array.from(ids), ends[row] ?? 0, row));
    // A prompt is read once; its rows are opened when it has beams.
    let rows = first.map((_, row) => [row]);
    let unread = first.map((ids, row) => (searches[row]?.beams.length === 0 ? NOTHING : ids));

    while (unread.some((ids) => ids.length > 0)) {
      signal?.throwIfAborted();
      const logits = await decoding.append(unread);
      const logitsOf = (row: number) =>
        logits.subarray(row * vocabularySize, (row + 1) * vocabularySize);
      const placed = searches.map((search, i) => {
        const next = stepBeams(search, logitsOf, options);
        return { next, ...placeBeams(next.beams, rows[i] ?? [], { start: i * k, count: k }) };
      });
      decoding.select(placed.flatMap(({ sources }) => sources));
      searches = placed.map(({ next, beams }) => ({ ...next, beams }));
      rows = placed.map((_, i) => Array.from({ length: k }, (__, j) => i * k + j));
      const last = new Map(
        searches.flatMap(({ beams }) => beams.map(({ row, tokens }) => [row, tokens.slice(-1)])),
      );
      unread = rows.flat().map((row) => Int32Array.from(last.get(row) ?? []));
    }
    return searches;
  } finally {
    decoding.release();
  }
}

const NOTHING = new Int32Array();

/** Of a full context, nothing follows. */
function begin(tokens: readonly number[], end: number, row: number): Search {
  const isFull = tokens.length >= end;
  return {
    given: tokens.length,
    end,
    beams: isFull ? [] : [{ tokens, logProbability: 0, row }],
    hypotheses: isFull ? [{ tokens: NOTHING, score: 0 }] : [],
  };
}

/**
 * Gives each beam one of `count` rows from `start` on, that of the beam it continues where it can,
 * so that little is copied.
 *
 * @param rows - those that the prompt has had
 * @returns the row that each of the rows goes on from
 */
function placeBeams(
  beams: readonly Beam[],
  rows: readonly number[],
  { start, count }: { readonly start: number; readonly count: number },
): { readonly beams: readonly Beam[]; readonly sources: readonly number[] } {
  const slots = Array.from({ length: count }, (_, j) => start + j);
  const free = new Set(slots);
  const stays = beams.map(({ row }) => free.delete(row));
  const others = [...free];
  const placed = beams.map((beam, i) => (stays[i] ? beam : { ...beam, row: others.shift() ?? 0 }));
  const sources = slots.map((slot, j) => {
    const beam = placed.findIndex(({ row }) => row === slot);
    return beams[beam]?.row ?? rows[j] ?? rows[0] ?? 0;
  });
  return { beams: placed, sources };
}

function checkBeams({ beams, lengthPenalty = 1, returns = 1 }: BeamSearchOptions): void {
  if (!(Number.isInteger(beams) && beams >= 1)) {
    throw new UsageError(`beam search: beams must be a whole number from 1; got ${beams}`);
  }
  if (!Number.isFinite(lengthPenalty)) {
    throw new UsageError(`beam search: lengthPenalty must be a number; got ${lengthPenalty}`);
  }
  if (!(Number.isInteger(returns) && returns >= 1 && returns <= beams)) {
    throw new UsageError(`beam search: returns must be from 1 to ${beams}; got ${returns}`);
  }
}
