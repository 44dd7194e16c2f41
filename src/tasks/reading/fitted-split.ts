/**
 * @file What is learned from and what is held out: examples that fit and have something to learn.
 *
 * Where nothing is left of what was held out, some of what trains is held out in its place.
 */

import { type Fitted, type FitOptions, type Shared, type Taking, told } from "../../data/index.ts";
import { option, UsageError } from "../../errors.ts";
import type { TrainConfig } from "../../options/config.ts";
import type { Dataset } from "./dataset.ts";
import type { Split } from "./hold-out.ts";
import type { SequenceForm } from "./sequence-forms.ts";
import { sharedRows } from "./shared-rows.ts";

/** Examples of both parts, and how they are encoded. */
export interface SplitRequest<E, T> extends Split<Shared<E>> {
  /** What they are, in the plural. */
  readonly what: string;
  /** Whether something can be learned from an example; from all by default. */
  readonly teaches?: (example: E) => boolean;
  /** @throws {UsageError} as `fitExamples` does. */
  readonly encode: (examples: readonly E[], options: FitOptions) => Fitted<T>;
  /** How ranks tell each other what they have encoded. */
  readonly form: SequenceForm<T>;
}

/** How long examples may be, what becomes of longer ones, and who has them. */
export interface SplitLimits {
  readonly config: Pick<TrainConfig, "microSteps" | "tooLong">;
  readonly contextLength: number;
  readonly dataset: Pick<Dataset, "ranks">;
}

export interface FittedSplit<E, T> {
  readonly prepared: Fitted<T>;
  readonly held: Fitted<T>;
  /** The example that each sequence to learn from was made of. */
  readonly trained: readonly Shared<E>[];
  /** The examples that are held out, also those that do not fit. */
  readonly heldOut: readonly Shared<E>[];
  /** Sequences with their tokens, where other ranks have them. */
  complete(sequences: readonly T[]): readonly T[];
  /** Takes batches with their tokens; undefined where all are here. */
  readonly take: Taking<T> | undefined;
}

/**
 * Both parts, encoded. Of those held out, what is too long is left out.
 *
 * @throws {UsageError} as `encode` does, or if nothing is left of a part; {Unshared} where another rank's `encode` does.
 */
export function fitSplit<E, T extends object>(
  { what, training, validation, cut, teaches = () => true, encode, form }: SplitRequest<E, T>,
  { config: { microSteps, tooLong }, contextLength, dataset: { ranks } }: SplitLimits,
): FittedSplit<E, T> {
  if (training.length === 0) {
    const got = `${count(validation.length)} ${what}`;
    throw new UsageError(`data: nothing is left beside what is held out; got ${got} in all`, {
      hint: `add some, or hold out others: ${option("validation", "FILE")}`,
    });
  }
  const rows = sharedRows(ranks, form);
  const sharing = { complete: rows.complete, take: rows.inSteps(microSteps) };
  const thatTeach = (examples: readonly Shared<E>[]) => {
    const isOne = told(ranks, examples, (own) => (teaches(own) ? 1 : 0));
    return examples.filter((_, i) => isOne[i] === 1);
  };
  const fit = (examples: readonly Shared<E>[], options: Pick<FitOptions, "tooLong">) => {
    const taught = thatTeach(examples);
    const fitted = rows.encode(taught, (own) => encode(own, { contextLength, ...options }));
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
    const heldOut = thatTeach(validation);
    return { ...sharing, prepared, held, trained: prepared.trained, heldOut };
  }
  if (!cut || prepared.sequences.length === 1) throw refusal("held out", held);
  const fits = (own: E) =>
    teaches(own) && encode([own], { contextLength, tooLong }).sequences.length > 0;
  const isFitting = told(ranks, training, (own) => (fits(own) ? 1 : 0));
  const again = cut(training.filter((_, i) => isFitting[i] === 1));
  // What was left out is counted where it was found.
  const fitting = fit(again.training, { tooLong });
  return {
    ...sharing,
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
