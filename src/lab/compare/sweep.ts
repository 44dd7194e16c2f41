/**
 * @file Which learning rate to try next, and which was best. Short runs at a few rates around the usual one; where the best lies at
 * the edge of what was tried, the search goes on in that direction, at most a few times.
 */

export interface Trial {
  readonly rate: number;
  /** Held-out loss at the end; infinite if the run diverged or failed. */
  readonly loss: number;
}

/** Rates around the usual one, by default. */
export const USUAL_FACTORS: readonly number[] = [1 / 3, 1, 3];

const MOST_EXTENSIONS = 2;
/** From one rate to the next where only one was asked for. */
const USUAL_RATIO = 3;

/** Rates with three digits, from the smallest on, each once. */
export const ratesAround = (centre: number, factors: readonly number[]): readonly number[] =>
  [...new Set(factors.map((factor) => round(centre * factor)))].toSorted((a, b) => a - b);

/**
 * The rate to try after those that were tried, or undefined if the search is over.
 *
 * @param initial - rates to try first, from the smallest on
 */
export function nextRate(initial: readonly number[], trials: readonly Trial[]): number | undefined {
  const untried = initial.find((rate) => trials.every((trial) => trial.rate !== rate));
  if (untried !== undefined) return untried;
  if (trials.length - initial.length >= MOST_EXTENSIONS) return undefined;
  const rates = trials.map(({ rate }) => rate).toSorted((a, b) => a - b);
  const [lowest = 0] = rates;
  const highest = rates.at(-1) ?? 0;
  const best = bestTrial(trials)?.rate ?? lowest;
  if (best === lowest) return round(lowest / ratio(lowest, rates[1]));
  if (best === highest) return round(highest * ratio(rates.at(-2), highest));
  return undefined;
}

/** The trial with the lowest finite loss, if any. */
export const bestTrial = (trials: readonly Trial[]): Trial | undefined =>
  trials
    .filter(({ loss }) => Number.isFinite(loss))
    .toSorted((a, b) => a.loss - b.loss || a.rate - b.rate)[0];

/** The highest rate below one that did not last, among those whose short runs did not diverge. */
export const lowerRate = (trials: readonly Trial[], rate: number): number | undefined =>
  trials
    .filter((trial) => trial.rate < rate && Number.isFinite(trial.loss))
    .toSorted((a, b) => b.rate - a.rate)[0]?.rate;

const ratio = (low: number | undefined, high: number | undefined): number =>
  low === undefined || high === undefined || low === high ? USUAL_RATIO : high / low;

const round = (rate: number): number => Number(rate.toPrecision(3));
