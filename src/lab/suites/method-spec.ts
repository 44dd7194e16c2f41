/**
 * @file A method as it is written, and as it is called in tables.
 *
 *   NAME[:RANK][@option=value...]     dense   flora:128   lora:8@learningRate=0.01@alpha=16
 *
 * NAME is a method of the training options, or `none`: dense without accumulation, which takes an optimizer step after every
 * micro-batch and so is the reference that the memory of accumulation is counted from.
 */

import { option, UsageError } from "../../errors.ts";
import {
  checkOptions,
  methodLabel,
  METHODS,
  type Method,
  type TrainOptions,
} from "../../options/config.ts";
import { hasOwnRank } from "../../options/tables/names.ts";
import { optionValue } from "../../options/tables/kinds.ts";
import { OPTIONS } from "../../options/option-table.ts";
import { findOption } from "../../options/tables/option.ts";
import { closest } from "../../options/tables/suggest.ts";

/** A method and its options, as `flora:128` names them. */
export interface MethodSpec {
  /** As it was written. */
  readonly text: string;
  readonly name: MethodName;
  readonly rank: number | undefined;
  /** Options that this method alone has. */
  readonly options: TrainOptions;
  /** "FLORA(128)", "FLORA(128) side=larger": its name in tables. */
  readonly label: string;
  /** The label as a part of a path. */
  readonly slug: string;
}

/** A method of the training options, or "none". */
export type MethodName = Method | typeof NO_ACCUMULATION;

/** Dense, an optimizer step after every micro-batch. */
export const NO_ACCUMULATION = "none";

const takesRank = (name: MethodName): boolean =>
  name !== NO_ACCUMULATION && name !== "dense" && !hasOwnRank(name);

/** What belongs to the comparison, not to one of its methods. */
const NOT_HERE: readonly string[] = ["method", "rank", "seed", "output", "overwrite", "resume"];

const NAMES: readonly MethodName[] = ["none", ...METHODS];

/** All names that a method may have. */
export const methodNames = (): readonly string[] => NAMES;

const isMethodName = (name: string): name is MethodName => NAMES.some((own) => own === name);

/**
 * Methods of a list that commas separate.
 *
 * @throws {UsageError} if one of them is not a method, or is given twice.
 */
export function parseMethods(list: string): readonly MethodSpec[] {
  const specs = list
    .split(",")
    .map((text) => text.trim())
    .filter((text) => text !== "")
    .map((text) => parseMethod(text));
  if (specs.length === 0) {
    throw new UsageError("methods: none; got an empty list", {
      hint: `for example ${option("methods", "dense,flora:8,flora:32")}`,
    });
  }
  checkDistinct(specs);
  return specs;
}

/** @throws {UsageError} if two methods are one. */
export function checkDistinct(specs: readonly MethodSpec[]): void {
  const twice = specs.find(({ slug }, i) => specs.findIndex((other) => other.slug === slug) < i);
  if (twice) throw new UsageError(`methods: ${twice.label} is given twice; got ${twice.text}`);
}

/**
 * One method.
 *
 * @throws {UsageError} if there is no such method, its rank is missing, or an option is not allowed.
 */
export function parseMethod(text: string): MethodSpec {
  const [head = "", ...assignments] = text.split("@");
  const [name = "", rankText, surplus] = head.split(":");
  if (!isMethodName(name)) throw noSuchMethod(name, text);
  if (surplus !== undefined) throw new UsageError(`methods: a method has one rank; got ${text}`);
  const rank = parseRank(name, rankText, text);
  const options = readAssignments(assignments, text);
  const label = [
    rank === undefined ? spell(name) : `${spell(name)}(${rank})`,
    ...Object.entries(options).map(([key, value]) => `${key}=${written(value)}`),
  ].join(" ");
  const slug = [head, ...assignments].join("-").replaceAll("+", "-plus");
  return { text, name, rank, options, label, slug: slug.replaceAll(/[^\w.-]+/g, "-") };
}

function noSuchMethod(name: string, text: string): UsageError {
  const names = methodNames();
  const near = closest(name, names);
  return new UsageError(`methods: no such method; got ${JSON.stringify(text)}`, {
    hint: near === undefined ? `methods: ${names.join(", ")}` : `did you mean ${near}?`,
  });
}

function parseRank(name: MethodName, text: string | undefined, whole: string): number | undefined {
  if (!takesRank(name)) {
    if (text === undefined) return undefined;
    throw new UsageError(`methods: ${name} has no rank; got ${whole}`);
  }
  if (text === undefined) {
    throw new UsageError(`methods: ${name} needs a rank; got ${whole}`, {
      hint: `for example ${name}:8`,
    });
  }
  const rank = /^\d+$/.test(text) ? Number(text) : 0;
  if (rank > 0) return rank;
  throw new UsageError(`methods: a rank must be a whole number above 0; got ${whole}`);
}

/** @throws {UsageError} if an option is none, or has a value that it may not have. */
function readAssignments(assignments: readonly string[], whole: string): TrainOptions {
  const options = assignments.map((each) => parseAssignment(each, whole));
  try {
    return checkOptions(Object.fromEntries(options));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`methods: ${error.message}; in ${whole}`, { cause: error });
  }
}

function parseAssignment(assignment: string, whole: string): readonly [string, unknown] {
  const [, name = "", text] = /^([^=]*)(?:=(.*))?$/s.exec(assignment) ?? [];
  const entry = findOption(OPTIONS, name);
  if (!entry || NOT_HERE.includes(name)) {
    const reason = entry ? "belongs to the comparison or before the @" : "no such option";
    const near = entry ? undefined : closest(name, Object.keys(OPTIONS));
    throw new UsageError(`methods: ${name}: ${reason}; got ${whole}`, {
      hint: near === undefined ? "write NAME:RANK@option=value" : `did you mean ${near}?`,
    });
  }
  if (text === undefined && entry.kind === "flag") return [name, true];
  if (text === undefined || text === "") {
    throw new UsageError(`methods: ${name}: needs a value; got ${whole}`, {
      hint: `for example @${name}=...`,
    });
  }
  return [name, optionValue(text, entry)];
}

/** A value as it is given. */
function written(value: unknown): string {
  if (Array.isArray(value)) return value.join(",");
  return typeof value === "string" ? value : JSON.stringify(value);
}

function spell(name: MethodName): string {
  const known = name === "none" ? name : methodLabel(name);
  return known.slice(0, 1).toUpperCase() + known.slice(1);
}
