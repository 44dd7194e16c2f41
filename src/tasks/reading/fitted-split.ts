/**
 * @file What is learned from and what is held out: examples that fit and have something to learn.
 *
 * Where nothing is left of what was held out, some of what trains is held out in its place.
 */

import type { Fitted, FitOptions } from "../../data/index.ts";
import { option, UsageError } from "../../errors.ts";
import type { Split } from "./hold-out.ts";
import type { TrainConfig } from "../../options/config.ts";

/** Examples of both parts, and how they are encoded. */
export interface SplitRequest<E, T> extends Split<E> {
  /** What they are, in the plural. */
  readonly what: string;
  /** Whether something can be learned from an example; from all by default. */
  readonly teaches?: (example: E) => boolean;
  /** @throws {UsageError} as `fitExamples` does. */
  readonly encode: (examples: readonly E[], options: FitOptions) => Fitted<T>;
}

/** How long examples may be, and what becomes of longer ones. */
export interface SplitLimits {
  readonly config: Pick<TrainConfig, "tooLong">;
  readonly contextLength: number;
}

export interface FittedSplit<E, T> {
  readonly prepared: Fitted<T>;
  readonly held: Fitted<T>;
  /** The example that each sequence to learn from was made of. */
  readonly trained: readonly E[];
  /** The examples that are held out, also those that do not fit. */
  readonly heldOut: readonly E[];
}

/**
 * Both parts, encoded. Of those held out, what is too long is left out.
 *
 * @throws {UsageError} as `encode` does, or if nothing is left of a part.
 */
export function fitSplit<E, T>(
  { what, training, validation, cut, teaches = () => true, encode }: SplitRequest<E, T>,
  { config: { tooLong }, contextLength }: SplitLimits,
): FittedSplit<E, T> {
  if (training.length === 0) {
    const got = `${count(validation.length)} ${what}`;
    throw new UsageError(`data: nothing is left beside what is held out; got ${got} in all`, {
      hint: `add some, or hold out others: ${option("validation", "FILE")}`,
    });
  }
  const fit = (examples: readonly E[], options: Pick<FitOptions, "tooLong">) => {
    const taught = examples.filter(teaches);
    const fitted = encode(taught, { contextLength, ...options });
    const trained = (fitted.places ?? [...taught.keys()]).flatMap((i) => taught.slice(i, i + 1));
    return { ...fitted, trained, empty: fitted.empty + examples.length - taught.length };
  };
  const refusal = (part: string, { dropped, empty }: Fitted<T>) => {
    const reasons = [
      ...(dropped > 0 ? [`${count(dropped)} longer than ${contextLength} tokens`] : []),
      ...(empty > 0 ? [`${count(empty)} with nothing to learn`] : []),
    ];
    return new UsageError(`${what}: none of those ${part} is of use; got ${reasons.join(", ")}`);
  };
  const prepared = fit(training, { tooLong });
  const held = fit(validation, { tooLong: "drop" });
  if (prepared.sequences.length === 0) throw refusal("to learn from", prepared);
  if (held.sequences.length > 0) {
    return { prepared, held, trained: prepared.trained, heldOut: validation.filter(teaches) };
  }
  if (!cut || prepared.sequences.length === 1) throw refusal("held out", held);
  const again = cut(training.filter((example) => fit([example], { tooLong }).sequences.length > 0));
  // What was left out is counted where it was found.
  const fitting = fit(again.training, { tooLong });
  return {
    prepared: { ...fitting, ...countsOf(prepared) },
    trained: fitting.trained,
    held: { ...fit(again.validation, { tooLong }), ...countsOf(held) },
    heldOut: again.validation,
  };
}

const countsOf = ({ dropped, truncated, empty }: Fitted<unknown>) => ({
  dropped,
  truncated,
  empty,
});

/** "23 pairs, 1 too long and left out, 2 held out"; `what` are the examples. */
export const describeSplit = (
  what: string,
  { prepared, held }: Pick<FittedSplit<unknown, unknown>, "prepared" | "held">,
): string =>
  `${count(exampleCount(prepared))} ${what}${notesOn(prepared)}` +
  `, ${count(exampleCount(held))} held out${notesOn(held)}`;

/** One example may be several sequences. */
export const exampleCount = ({ places, sequences }: Fitted<unknown>): number =>
  places ? new Set(places).size : sequences.length;

/** What became of the other examples. */
const notesOn = ({ dropped, truncated, empty }: Fitted<unknown>): string =>
  [
    dropped > 0 ? `, ${count(dropped)} too long and left out` : "",
    truncated > 0 ? `, ${count(truncated)} cut` : "",
    empty > 0 ? `, ${count(empty)} with nothing to learn and left out` : "",
  ].join("");

export const count = (n: number): string => n.toLocaleString("en-US");
