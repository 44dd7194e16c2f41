/** @file How long sequences become. */

import { UsageError } from "../../errors.ts";
import type { Decoder } from "../programs/decoder.ts";

/** A sequence ends where the context is full at the latest; without limits, at its usual length. */
export interface LengthLimits {
  /** The most tokens to make per sequence. */
  readonly maxNewTokens?: number;
  /** The most tokens of a sequence with its prompt, unless `maxNewTokens` is given. */
  readonly maxLength?: number;
}

/** @throws {UsageError} if a prompt is empty or longer than the context, or a limit out of range. */
export function checkLengths(
  prompts: readonly Int32Array[],
  contextLength: number,
  { maxNewTokens, maxLength }: LengthLimits,
): void {
  for (const [i, { length }] of prompts.entries()) {
    if (length === 0) throw new UsageError(`generate: prompt ${i} is empty`);
    if (length > contextLength) {
      throw new UsageError(
        `generate: prompt ${i} does not fit the context of ${contextLength} tokens; got ${length}`,
      );
    }
  }
  for (const [name, limit] of Object.entries({ maxNewTokens, maxLength })) {
    if (limit === undefined || (Number.isInteger(limit) && limit >= 1)) continue;
    throw new UsageError(`generate: ${name} must be a whole number from 1; got ${limit}`);
  }
}

/**
 * The lengths at which sequences end, which begin with those tokens.
 *
 * @throws {UsageError} if a prompt leaves nothing of `maxLength`.
 */
export function endsOf(
  first: readonly Int32Array[],
  { contextLength, usualLength }: Pick<Decoder, "contextLength" | "usualLength">,
  { maxNewTokens, maxLength = usualLength }: LengthLimits,
): readonly number[] {
  return first.map(({ length }) => {
    if (maxNewTokens !== undefined) return Math.min(contextLength, length + maxNewTokens);
    if (length < maxLength || length === contextLength) return Math.min(contextLength, maxLength);
    throw new UsageError(
      `generate: maxLength leaves no room for a prompt of ${length} tokens; got ${maxLength}`,
      { hint: "set maxNewTokens" },
    );
  });
}
