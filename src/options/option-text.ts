/** @file Options of a run as text: what a word stands for under the option that it is given to. */

import { type OptionHelp, optionHelp } from "./config.ts";

/** The option of that name, if there is one. */
export const findOption = (name: string): OptionHelp | undefined =>
  optionHelp().find((option) => option.name === name);

/** Whether the option is true or false. */
export const isFlag = ({ allowed }: OptionHelp): boolean => allowed === "true or false";

/** The value that a text stands for. What is not of the type stays text, and the schema says what it must be. */
export function optionValue(text: string, { allowed }: OptionHelp): unknown {
  if (allowed.includes("list")) return text === "" ? [] : text.split(",");
  if (/^a (whole )?number/.test(allowed)) return asNumber(text) ?? text;
  if (allowed === "true or false") return CONSTANTS.get(text) ?? text;
  return text;
}

/** A constant, a number or the text itself: for what has no schema. */
export const scalar = (text: string): unknown =>
  CONSTANTS.has(text) ? CONSTANTS.get(text) : (asNumber(text) ?? text);

const CONSTANTS = new Map<string, unknown>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

const asNumber = (text: string): number | undefined =>
  /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
