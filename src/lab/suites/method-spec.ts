/**
 * @file A method as it is written, and as it is called in tables.
 *
 *   NAME[:RANK][@option=value...]     dense   flora:128   lora:8@learningRate=0.01@alpha=16
 *
 * NAME is a method of the training options, or `none`: dense without accumulation, which takes an optimizer step after every
 * micro-batch and so is the reference that the memory of accumulation is counted from.
 */

import { UsageError } from "../../errors.ts";
import { METHOD_NAMES, optionHelp, type TrainOptions } from "../../options/config.ts";
import { findOption, isFlag, optionValue } from "../../options/option-text.ts";
import { closest } from "../../options/suggest.ts";

/** A method and its options, as `flora:128` names them. */
export interface MethodSpec {
  /** As it was written. */
  readonly text: string;
  /** A method of the training options, or "none". */
  readonly name: string;
  readonly rank: number | undefined;
  /** Options that this method alone has. */
  readonly options: TrainOptions;
  /** "FLORA(128)", "FLORA(128) side=larger": its name in tables. */
  readonly label: string;
  /** The label as a part of a path. */
  readonly slug: string;
}

/** Dense, an optimizer step after every micro-batch. */
export const NO_ACCUMULATION = "none";

const WITHOUT_RANK: readonly string[] = [NO_ACCUMULATION, "dense"];

/** What belongs to the comparison, not to one of its methods. */
const NOT_HERE: readonly string[] = ["method", "rank", "seed", "output", "overwrite", "resume"];

const SPELLINGS = new Map(Object.entries(METHOD_NAMES));

/** All names that a method may have. */
export const methodNames = (): readonly string[] => [
  NO_ACCUMULATION,
  ...(findOption("method")
    ?.allowed.replace(/^one of /, "")
    .split(", ") ?? []),
];

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
      hint: "for example --methods dense,flora:8,flora:32",
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
  checkName(name, text);
  if (surplus !== undefined) throw new UsageError(`methods: a method has one rank; got ${text}`);
  const rank = parseRank(name, rankText, text);
  const options = Object.fromEntries(assignments.map((each) => parseAssignment(each, text)));
  const label = [
    rank === undefined ? spell(name) : `${spell(name)}(${rank})`,
    ...Object.entries(options).map(([option, value]) => `${option}=${String(value)}`),
  ].join(" ");
  const slug = [head, ...assignments].join("-").replaceAll("+", "-plus");
  return { text, name, rank, options, label, slug: slug.replaceAll(/[^\w.-]+/g, "-") };
}

function checkName(name: string, text: string): void {
  const names = methodNames();
  if (names.includes(name)) return;
  const near = closest(name, names);
  throw new UsageError(`methods: no such method; got ${JSON.stringify(text)}`, {
    hint: near === undefined ? `methods: ${names.join(", ")}` : `did you mean ${near}?`,
  });
}

function parseRank(name: string, text: string | undefined, whole: string): number | undefined {
  if (WITHOUT_RANK.includes(name)) {
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

function parseAssignment(assignment: string, whole: string): readonly [string, unknown] {
  const [, name = "", text] = /^([^=]*)(?:=(.*))?$/s.exec(assignment) ?? [];
  const option = findOption(name);
  if (!option || NOT_HERE.includes(name)) {
    const reason = option ? "belongs to the comparison or before the @" : "no such option";
    const near = option
      ? undefined
      : closest(
          name,
          optionHelp().map((each) => each.name),
        );
    throw new UsageError(`methods: ${name}: ${reason}; got ${whole}`, {
      hint: near === undefined ? "write NAME:RANK@option=value" : `did you mean ${near}?`,
    });
  }
  if (text === undefined && isFlag(option)) return [name, true];
  if (text === undefined || text === "") {
    throw new UsageError(`methods: ${name}: needs a value; got ${whole}`, {
      hint: `for example @${name}=...`,
    });
  }
  return [name, optionValue(text, option)];
}

function spell(name: string): string {
  const known = SPELLINGS.get(name) ?? name;
  return known.slice(0, 1).toUpperCase() + known.slice(1);
}
