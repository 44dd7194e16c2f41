/**
 * @file Patterns of tokenizer.json: a text, or a regular expression of Oniguruma.
 *
 * `@huggingface/tokenizers` translates the syntax. What it approximates is written here in terms that JavaScript has: a group that
 * gives nothing back, `(?>X)`, and a possessive `X++` become (?=(X))\1; and a letter that is of both cases has a third form, where
 * Unicode has one.
 */

import { Tokenizer } from "@huggingface/tokenizers";
import { FormatError } from "../../errors.ts";
import { isObject } from "../../files/json.ts";
import { type Part, wrongField } from "./part.ts";

/** A part of a text, and whether the pattern matched it. */
export interface Stretch {
  readonly text: string;
  readonly isMatch: boolean;
}

/** The stretches of a text, in order; together they are the text. */
export type Pattern = (text: string) => readonly Stretch[];

/**
 * The regular expression in the field "pattern" of a part.
 *
 * @throws {FormatError} if it is none, or has what JavaScript cannot do.
 */
export function patternField(part: Part): RegExp {
  const { pattern } = part.json;
  if (isObject(pattern)) {
    const { String: text, Regex: source } = pattern;
    if (typeof text === "string") return new RegExp(literal(text), "gu");
    if (typeof source === "string") return oniguruma(part, source);
  }
  return wrongField(part, "pattern", '{"String": a text} or {"Regex": an expression}');
}

/** The stretches by an expression with the flag g. */
export const byExpression =
  (expression: RegExp): Pattern =>
  (text) => {
    if (text === "") return [{ text, isMatch: false }];
    const stretches: Stretch[] = [];
    let end = 0;
    for (const { 0: match, index } of text.matchAll(expression)) {
      if (index > end) stretches.push({ text: text.slice(end, index), isMatch: false });
      stretches.push({ text: match, isMatch: true });
      end = index + match.length;
    }
    if (end < text.length) stretches.push({ text: text.slice(end), isMatch: false });
    return stretches;
  };

/** A pattern with what it does not match. */
export const inverted =
  (pattern: Pattern): Pattern =>
  (text) =>
    pattern(text).map(({ text: part, isMatch }) => ({ text: part, isMatch: !isMatch }));

/** An expression that matches a text alone; nothing for the empty one. */
export const literal = (text: string): string =>
  text === "" ? "(?!)" : text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);

function oniguruma(part: Part, source: string): RegExp {
  const refuse = (got: string, cause?: unknown): never => {
    const { path, field, type } = part;
    const message = `${field} ${type}: pattern: an expression that cannot be run; got ${got}`;
    throw new FormatError(path, message, { cause });
  };
  // Of groups that begin with flags only the one for both cases is known, and for letters alone.
  const unknown = /\\[GKgRXNO]|\\x[89a-f][\da-f]|\(\?(?![:=!>]|<[=!]|<\w+>|i:)/.exec(
    source.replaceAll(/\\\\/g, ""),
  );
  if (unknown) refuse(unknown[0]);
  try {
    return translated(withoutGivingBack(thirdCases(source)));
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error), error);
  }
}

/** The package's translation, which it shows nowhere: that of a tokenizer which splits by it. */
function translated(source: string): RegExp {
  const around = { added_tokens: [], normalizer: null, post_processor: null, decoder: null };
  const model = { type: "WordPiece", vocab: {} };
  const split = { type: "Split", pattern: { Regex: source }, behavior: "Isolated", invert: true };
  const { pre_tokenizer: step }: { pre_tokenizer: { pattern: RegExp } } = new Tokenizer(
    { ...around, model, pre_tokenizer: split },
    {},
  );
  return step.pattern;
}

/** Letters that are the same as another one in both cases: the long s and the sign of kelvin. */
function thirdCases(source: string): string {
  return source.replaceAll(/\(\?i:((?:[^()[\]\\]|\[[^[\]\\]*\])*)\)/g, (_, inner: string) => {
    const letters = inner.replaceAll(/\[[^\]]*\]|[a-z]/gi, (found) => {
      const set = found.startsWith("[") ? found.slice(1, -1) : found;
      if (/[^a-z]/i.test(set)) return found;
      const both = Array.from(set, (letter) => letter.toLowerCase() + letter.toUpperCase());
      return `[${both.join("")}${/s/i.test(set) ? "\u017F" : ""}${/k/i.test(set) ? "\u212A" : ""}]`;
    });
    return `(?:${letters})`;
  });
}

/** What is one for a quantifier: an escape, a class, a quantifier, the begin of a group, or a character. */
const TOKEN =
  /\\[pPx]\{[^}]*\}|\\x[\da-fA-F]{2}|\\u[\da-fA-F]{4}|\\.|\[(?:\\.|\[[^\]]*\]|[^\]\\])+\]|\{\d*,?\d*\}|\(\?<?[:=!>]|\(\?<\w+>|\(\?i:|[^]/gu;

/** The expression without groups and quantifiers that give nothing back. */
function withoutGivingBack(source: string): string {
  const tokens = source.match(TOKEN) ?? [];
  const written: string[] = [];
  /** Where open groups begin, and where the last whole item does. */
  const open: { readonly start: number; readonly isAtomic: boolean }[] = [];
  let item = 0;
  let groups = 0;
  const atomic = (start: number): void => {
    groups += 1;
    const inner = written.splice(start).join("");
    written.push(`(?:(?=(?<atomic${groups}>${inner}))\\k<atomic${groups}>)`);
  };
  for (const [i, token] of tokens.entries()) {
    if (token.startsWith("(")) {
      open.push({ start: written.length, isAtomic: token === "(?>" });
      written.push(token === "(?>" ? "(?:" : token);
    } else if (token === ")") {
      const { start = 0, isAtomic = false } = open.pop() ?? {};
      written.push(token);
      if (isAtomic) atomic(start);
      item = start;
    } else if (token === "+" && /^[?*+]$/.test(tokens[i - 1] ?? "") && written.length > item + 1) {
      atomic(item);
    } else if (/^(?:[?*+]|\{\d*,?\d*\})$/.test(token) && token !== "{}") {
      written.push(token);
    } else {
      item = written.length;
      written.push(token);
    }
  }
  return written.join("");
}
