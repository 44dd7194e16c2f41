/**
 * @file From numbers to places on an axis, and the ticks of that axis.
 *
 *   linear   share(v) = (v - low) / (high - low)
 *   log      share(v) = log(v / low) / log(high / low)
 *
 * Ticks are multiples of 1, 2 or 5 times a power of ten. On a log axis they are powers of ten, with
 * some of their multiples where there is room.
 */

export type ScaleKind = "linear" | "log";

export interface Tick {
  readonly value: number;
  readonly label: string;
}

export interface Scale {
  readonly low: number;
  readonly high: number;
  /** In ascending order, within [low, high]. */
  readonly ticks: readonly Tick[];
  /** Places for a lighter grid between the ticks; only on a log axis. */
  readonly minor: readonly number[];
  /** 0 at low, 1 at high. */
  readonly share: (value: number) => number;
}

export interface ScaleOptions {
  readonly kind: ScaleKind;
  /** At least 3. */
  readonly maxTicks: number;
  /** Whether the range is widened to round numbers. */
  readonly round: boolean;
}

/** Whether a number has a place on an axis: finite, and positive on a log axis. */
export const hasPlace = (value: number, kind: ScaleKind): boolean =>
  Math.abs(value) <= LARGEST && (kind === "linear" || value >= 1 / LARGEST);

/** The scale for these values; those that have no place on it are ignored. */
export function createScale(values: readonly number[], options: ScaleOptions): Scale {
  const range = rangeOf(values, options.kind);
  return options.kind === "log" ? logScale(range, options) : linearScale(range, options);
}

/** "−12,000", "0.25", "1.5×10⁻⁷": with the digits that multiples of 10^exponent need. */
export function formatTick(value: number, exponent: number, scientific: boolean): string {
  const sign = value < 0 ? "−" : "";
  const size = Math.abs(value);
  if (!scientific || size === 0) {
    const decimals = size === 0 && scientific ? 0 : Math.max(0, -exponent);
    const [whole = "", fraction] = size.toFixed(decimals).split(".");
    const grouped = whole.replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
    return sign + (fraction === undefined ? grouped : `${grouped}.${fraction}`);
  }
  const digits = Math.max(0, Math.floor(Math.log10(size) + FUZZ) - exponent);
  const [factor = "", power = ""] = size.toExponential(digits).split("e");
  const ten = `10${superscript(Number(power))}`;
  return sign + (factor === "1" ? ten : `${factor}×${ten}`);
}

/** Numbers beyond it, or beneath its inverse on a log axis, have no place: labels would overflow. */
const LARGEST = 1e90;
/** Of a step: what rounding may add to a quotient. */
const FUZZ = 1e-9;
/** A range that is smaller than this share of its values is one value and rounding errors. */
const FLAT = 1e-12;

type Range = readonly [low: number, high: number];

function rangeOf(values: readonly number[], kind: ScaleKind): Range {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!hasPlace(value, kind)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return kind === "log" ? [1, 10] : [0, 1];
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (high - low > Math.max(size * FLAT, 1 / LARGEST)) return [low, high];
  if (kind === "log") return [low / 2, high * 2];
  const space = size > 10 / LARGEST ? size * 0.1 : 1;
  return [low - space, high + space];
}

function linearScale([low, high]: Range, { maxTicks, round }: ScaleOptions): Scale {
  const { first, last, factor, exponent } = linearSteps(low, high, { maxTicks, round });
  const values = steps(first, last).map((i) => timesPowerOfTen(i * factor, exponent));
  const start = Math.min(low, values[0] ?? low);
  const end = Math.max(high, values.at(-1) ?? high);
  return {
    low: start,
    high: end,
    ticks: linearTicks(values, exponent),
    minor: [],
    share: (value) => (value - start) / (end - start),
  };
}

/** The finest step of which at most `maxTicks` multiples cover the range, or lie in it. */
function linearSteps(low: number, high: number, { maxTicks, round }: Omit<ScaleOptions, "kind">) {
  for (let exponent = Math.floor(Math.log10((high - low) / maxTicks)); ; exponent++) {
    for (const factor of [1, 2, 5]) {
      const step = timesPowerOfTen(factor, exponent);
      const [from, to] = [low / step, high / step];
      const first = round ? Math.floor(from + FUZZ) : Math.ceil(from - FUZZ);
      const last = round ? Math.ceil(to - FUZZ) : Math.floor(to + FUZZ);
      if (last - first < maxTicks) return { first, last, factor, exponent };
    }
  }
}

/** Labels of one kind for all: plain numbers, or powers of ten where those are shorter. */
function linearTicks(values: readonly number[], exponent: number): readonly Tick[] {
  const written = (scientific: boolean) =>
    values.map((value) => ({ value, label: formatTick(value, exponent, scientific) }));
  const longest = (ticks: readonly Tick[]) => Math.max(...ticks.map(({ label }) => label.length));
  const [plain, scientific] = [written(false), written(true)];
  const size = Math.max(...values.map(Math.abs));
  const isUsual = size >= 1e-3 && size < 1e6;
  const isShorter = size < 1e15 && longest(plain) <= longest(scientific);
  return isUsual || isShorter ? plain : scientific;
}

function logScale([low, high]: Range, { maxTicks, round }: ScaleOptions): Scale {
  const start = round ? roundDown(low) : low;
  const end = round ? roundUp(high) : high;
  const ticks = logTicks(start, end, maxTicks);
  const chosen = new Set(ticks.map((tick) => tick.value));
  const fine = powers(start, end, end / start < 1e5 ? [1, 2, 3, 4, 5, 6, 7, 8, 9] : [1], 1);
  return {
    low: start,
    high: end,
    ticks,
    minor: fine.length > 60 ? [] : fine.filter((value) => !chosen.has(value)),
    share: (value) =>
      (Math.log10(value) - Math.log10(start)) / (Math.log10(end) - Math.log10(start)),
  };
}

function logTicks(low: number, high: number, maxTicks: number): readonly Tick[] {
  const choices = [
    powers(low, high, [1, 2, 3, 5, 7], 1),
    powers(low, high, [1, 2, 5], 1),
    powers(low, high, [1, 3], 1),
    ...[1, 2, 3, 5, 10, 20, 50, 100, 200].map((every) => powers(low, high, [1], every)),
  ];
  const values = choices.find((choice) => choice.length <= maxTicks) ?? [];
  if (values.length < 3 && high / low < 10) {
    return linearScale([low, high], { kind: "linear", maxTicks, round: false }).ticks;
  }
  const isScientific = values.some((value) => value < 1e-3 || value >= 1e6);
  return values.map((value) => {
    const exponent = Math.floor(Math.log10(value) + FUZZ);
    return { value, label: formatTick(value, exponent, isScientific) };
  });
}

/** The factors times every n-th power of ten, as far as they are within the range. */
function powers(low: number, high: number, factors: readonly number[], every: number): number[] {
  const [first, last] = [Math.log10(low), Math.log10(high)];
  return steps(Math.floor(first / every), Math.ceil(last / every))
    .flatMap((i) => factors.map((factor) => timesPowerOfTen(factor, i * every)))
    .filter((value) => Math.log10(value) >= first - FUZZ && Math.log10(value) <= last + FUZZ);
}

/** The nearest round number beneath. */
function roundDown(value: number): number {
  const exponent = Math.floor(Math.log10(value) + FUZZ);
  const quotient = value / timesPowerOfTen(1, exponent);
  return timesPowerOfTen(ROUND.findLast((x) => x <= quotient + FUZZ) ?? 1, exponent);
}

/** The nearest round number above. */
function roundUp(value: number): number {
  const exponent = Math.floor(Math.log10(value) + FUZZ);
  const quotient = value / timesPowerOfTen(1, exponent);
  return timesPowerOfTen(ROUND.find((x) => x >= quotient - FUZZ) ?? 10, exponent);
}

const ROUND = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10] as const;

/** Dividing by a power of ten is exact where multiplying by its inverse is not: 3 / 10, not 3 * 0.1. */
const timesPowerOfTen = (value: number, exponent: number): number =>
  exponent < 0 ? value / 10 ** -exponent : value * 10 ** exponent;

const steps = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

const superscript = (value: number): string =>
  Array.from(String(value), (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)] ?? "⁻").join("");
