/** @file Python's `text % values`, in the forms that templates use. */

import { floatText, repr, str } from "./python-text.ts";
import { entryOf, fault, numberOf, typeName, type Value } from "./value.ts";

const PLACE = /%(?:\((\w+)\))?([-0+ ]*)(\d*)(?:\.(\d+))?([%sdirfx])/g;

/** The text with values in its places. @throws {UsageError} if they do not fit it. */
export function formatted(text: string, values: Value): string {
  const isTuple = values !== null && typeof values === "object" && values.kind === "tuple";
  const given = isTuple ? values.items : [values];
  let used = 0;
  const made = text.replaceAll(
    PLACE,
    (_, key: string | undefined, flags: string, width: string, precision, type: string) => {
      if (type === "%") return "%";
      const value = key === undefined ? given[used++] : named(values, key);
      if (value === undefined) throw fault("not enough arguments for format string");
      const shown = shownAs(type, value, precision === undefined ? undefined : Number(precision));
      const signed = flags.includes("+") && !shown.startsWith("-") ? `+${shown}` : shown;
      if (flags.includes("-")) return signed.padEnd(Number(width));
      return signed.padStart(Number(width), flags.includes("0") && type !== "s" ? "0" : " ");
    },
  );
  const isNamed = values !== null && typeof values === "object" && values.kind === "dict";
  if (used < given.length && !isNamed) {
    throw fault("not all arguments converted during string formatting");
  }
  return made;
}

function named(values: Value, key: string): Value | undefined {
  if (values === null || typeof values !== "object" || values.kind !== "dict") {
    throw fault("format requires a mapping");
  }
  return entryOf(values, key);
}

function shownAs(type: string, value: Value, precision: number | undefined): string {
  if (type === "s") return Array.from(str(value)).slice(0, precision).join("");
  if (type === "r") return repr(value);
  const number = numberOf(value);
  if (number === undefined) {
    throw fault(`%${type} format: a real number is required, not ${typeName(value)}`);
  }
  if (type === "f") return number.toFixed(precision ?? 6);
  const whole = Math.trunc(number);
  return type === "x" ? whole.toString(16) : floatText(whole).replace(/\.0$/, "");
}
