/** @file The functions that every template has: Jinja2's, and those of transformers. */

import { str } from "./python-text.ts";
import {
  callable,
  type Callable,
  dict,
  fault,
  given,
  itemsOf,
  list,
  type Namespace,
  numberOf,
  type Value,
} from "./value.ts";

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

const two = (number: number): string => String(number).padStart(2, "0");

/** What a time is in each of Python's directives, in English. */
const DIRECTIVES: Readonly<Record<string, (date: Date) => string>> = {
  A: (date) => DAYS[date.getDay()] ?? "",
  B: (date) => MONTHS[date.getMonth()] ?? "",
  H: (date) => two(date.getHours()),
  I: (date) => two(date.getHours() % 12 || 12),
  M: (date) => two(date.getMinutes()),
  S: (date) => two(date.getSeconds()),
  Y: (date) => String(date.getFullYear()),
  a: (date) => (DAYS[date.getDay()] ?? "").slice(0, 3),
  b: (date) => (MONTHS[date.getMonth()] ?? "").slice(0, 3),
  d: (date) => two(date.getDate()),
  m: (date) => two(date.getMonth() + 1),
  p: (date) => (date.getHours() < 12 ? "AM" : "PM"),
  y: (date) => two(date.getFullYear() % 100),
};

/** A time as Python's strftime writes it. @throws {UsageError} for a directive that is not known here. */
export const formatTime = (date: Date, format: string): string =>
  format.replaceAll(/%(-?)(.)/gs, (whole, minus: string, letter: string) => {
    if (letter === "%") return "%";
    const directive = Object.hasOwn(DIRECTIVES, letter) ? DIRECTIVES[letter] : undefined;
    if (!directive) throw fault(`strftime_now does not know ${whole}`);
    return minus === "" ? directive(date) : directive(date).replace(/^0(?=.)/, "");
  });

function range(args: readonly Value[]): Value {
  const [first = 0, second, step = 1] = args.map((arg) => {
    const number = numberOf(arg);
    if (number === undefined || !Number.isInteger(number)) throw fault("range needs whole numbers");
    return number;
  });
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  if (step === 0) throw fault("range() arg 3 must not be zero");
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (length > MOST_IN_RANGE)
    throw fault(`a range may have ${MOST_IN_RANGE} numbers; got ${length}`);
  return list(Array.from({ length }, (_, i) => start + i * step));
}

/** As in Jinja2's sandbox. */
const MOST_IN_RANGE = 100_000;

/** The pairs that a namespace or a dict is made of. */
function pairsOf(value: Value | undefined): readonly (readonly [Value, Value])[] {
  if (value === undefined) return [];
  if (value !== null && typeof value === "object" && value.kind === "dict") {
    return [...value.entries];
  }
  return itemsOf(value).map((pair) => {
    const [key = null, each = null] = itemsOf(pair);
    return [key, each] as const;
  });
}

/** By name. */
export const FUNCTIONS: ReadonlyMap<string, Callable> = new Map([
  ["dict", callable(({ args, named }) => dict([...pairsOf(args[0]), ...named]))],
  [
    "namespace",
    callable(({ args, named }): Namespace => {
      const entries = [...pairsOf(args[0]), ...named];
      return {
        kind: "namespace",
        entries: new Map(entries.map(([key, value]) => [str(key), value] as const)),
      };
    }),
  ],
  [
    "raise_exception",
    callable((from) => {
      throw fault(str(given(from, 0, "message") ?? null));
    }),
  ],
  ["range", callable(({ args }) => range(args))],
  [
    "strftime_now",
    callable((from) => formatTime(new Date(), str(given(from, 0, "format") ?? null))),
  ],
]);
