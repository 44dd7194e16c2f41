/**
 * @file What programs read besides weights and keys: rows of tokens in one rectangle, and biases that hide the rest of it.
 *
 * A decoder's new tokens stand at the right end of their row, after P slots for past ones:
 *
 *   bias[b, 0, t, j]     = 0 where j < length_b                  j = 0 .. P - 1
 *   bias[b, 0, t, P + j] = 0 where T - count_b ≤ j ≤ t           j = 0 .. T - 1
 *   bias = -10⁹ elsewhere
 *
 * An encoder's stand at the left end.
 */

import { UsageError } from "../../errors.ts";
import { FORBIDDEN } from "../../nn/attention/attention-bias.ts";
import { float32, type HostTensor, int32 } from "../../tensor/host-tensor.ts";

/** The first of `smallest`, 2 `smallest`, 4 `smallest`, … that is not below `size`: few sizes, few programs. */
export const roundUp = (size: number, smallest: number): number =>
  size <= smallest ? smallest : smallest * 2 ** Math.ceil(Math.log2(size / smallest));

/** B rows of new tokens in a decoder's programs. */
export interface NewTokens {
  /** Tokens read before, per sequence. */
  readonly lengths: readonly number[];
  /** At most T per sequence. */
  readonly tokens: readonly Int32Array[];
  /** T */
  readonly length: number;
  /** P */
  readonly past: number;
}

/** `ids` and `positions` [B, T], `keyPositions` [B, P + T] and `past.bias` [B, 1, T, P + T]. */
export type DecoderFeeds = Readonly<
  Record<"ids" | "positions" | "keyPositions" | "past.bias", HostTensor>
>;

export function decoderFeeds(rows: NewTokens): DecoderFeeds {
  const { lengths, tokens, length } = rows;
  const positions = tokens.map((ids, b) => range(lengths[b] ?? 0, ids.length));
  return {
    ids: rightAligned(tokens, length),
    positions: rightAligned(positions, length),
    keyPositions: keyPositions(positions, rows),
    "past.bias": attentionBias(rows),
  };
}

/** `ids` and `attentionMask` [B, S]. */
export function encoderFeeds(
  prompts: readonly Int32Array[],
  length: number,
): readonly (readonly [string, HostTensor])[] {
  const ids = new Int32Array(prompts.length * length);
  const mask = new Int32Array(prompts.length * length);
  for (const [b, prompt] of prompts.entries()) {
    ids.set(prompt, b * length);
    mask.fill(1, b * length, b * length + prompt.length);
  }
  const shape = [prompts.length, length];
  return [
    ["ids", int32(shape, ids)],
    ["attentionMask", int32(shape, mask)],
  ];
}

/** Hides what follows the first `counts[b]` of S positions, [B, 1, 1, S]. */
export function encoderBias(counts: readonly number[], length: number): HostTensor {
  const bias = new Float32Array(counts.length * length);
  for (const [b, count] of counts.entries()) {
    bias.fill(FORBIDDEN, b * length + count, (b + 1) * length);
  }
  return float32([counts.length, 1, 1, length], bias);
}

/** @throws {UsageError} if a token is not in the vocabulary. */
export function checkTokens(what: string, ids: Int32Array, vocabularySize: number): void {
  const foreign = ids.find((id) => id < 0 || id >= vocabularySize);
  if (foreign === undefined) return;
  throw new UsageError(`${what}: token must be below ${vocabularySize}; got ${foreign}`);
}

const range = (start: number, count: number): Int32Array =>
  Int32Array.from({ length: count }, (_, i) => start + i);

/** Rows filled up with zeros on the left, [B, T]. */
function rightAligned(rows: readonly Int32Array[], length: number): HostTensor {
  const data = new Int32Array(rows.length * length);
  for (const [b, row] of rows.entries()) data.set(row, (b + 1) * length - row.length);
  return int32([rows.length, length], data);
}

/** The positions of P slots, of which slot j holds token j, and of T new tokens, [B, P + T]. */
function keyPositions(
  positions: readonly Int32Array[],
  { length, past }: Pick<NewTokens, "length" | "past">,
): HostTensor {
  const columns = past + length;
  const data = new Int32Array(positions.length * columns);
  for (const [b, row] of positions.entries()) {
    data.set(range(0, past), b * columns);
    data.set(row, (b + 1) * columns - row.length);
  }
  return int32([positions.length, columns], data);
}

/** [B, 1, T, P + T] */
function attentionBias({ lengths, tokens, length, past }: NewTokens): HostTensor {
  const columns = past + length;
  const bias = new Float32Array(tokens.length * length * columns).fill(FORBIDDEN);
  for (const [b, { length: count }] of tokens.entries()) {
    for (let t = length - count; t < length; t++) {
      const start = (b * length + t) * columns;
      bias.fill(0, start, start + (lengths[b] ?? 0));
      bias.fill(0, start + columns - count, start + past + t + 1);
    }
  }
  return float32([tokens.length, 1, length, columns], bias);
}
