/** @file Pre-tokenizers of tokenizer.json: from a text to the pieces that become tokens by themselves. */

import { spellBytes } from "./byte-spelling.ts";
import {
  countField,
  flagField,
  type Part,
  stepsField,
  textField,
  unknownPart,
  wrongField,
} from "./part.ts";
import { byExpression, inverted, literal, type Pattern, patternField } from "./pattern.ts";
import { type Behavior, BEHAVIORS, type Piece, splitBy } from "./split.ts";
import { NUMBER, PUNCTUATION, WORD } from "./unicode.ts";
import { words } from "./words.ts";

/** The pieces of a piece, in order. */
export type PreTokenizer = (piece: Piece) => readonly Piece[];

const everywhere = (source: string): Pattern => byExpression(new RegExp(source, "gu"));

const SIGNS = everywhere(PUNCTUATION);
const NUMBERS = everywhere(NUMBER);
const WORDS_AND_SIGNS = everywhere(String.raw`${WORD}+|(?:(?!${WORD})\P{White_Space})+`);

/**
 * The pre-tokenizer of a part.
 *
 * @throws {FormatError} if it is of an unknown kind, or lacks what it needs.
 */
export function preTokenizerOf(part: Part): PreTokenizer {
  const make = KINDS[part.type];
  return make ? make(part) : unknownPart(part);
}

const inTurn =
  (...steps: readonly PreTokenizer[]): PreTokenizer =>
  (piece) => {
    let pieces: readonly Piece[] = [piece];
    for (const step of steps) {
      const next: Piece[] = [];
      // A loop, since this is where a tokenizer spends its time, and flatMap takes thrice as long.
      for (const each of pieces) for (const part of step(each)) next.push(part);
      pieces = next;
    }
    return pieces;
  };

const splitting =
  (pattern: Pattern, joins: Behavior): PreTokenizer =>
  (piece) =>
    splitBy(pattern, joins, piece);

/** What stands between white space. */
const betweenSpaces: PreTokenizer = ({ text, isFirst }) =>
  text
    .split(/\p{White_Space}+/u)
    .map((word, i) => ({ text: word, isFirst: isFirst && i === 0 }))
    .filter(({ text: word }) => word !== "");

const KINDS: Readonly<Record<string, (part: Part) => PreTokenizer>> = {
  Sequence: (part) => inTurn(...stepsField(part, "pretokenizers").map(preTokenizerOf)),

  BertPreTokenizer: () => inTurn(betweenSpaces, splitting(SIGNS, "Isolated")),

  ByteLevel(part) {
    const addsSpace = flagField(part, "add_prefix_space");
    const splits = flagField(part, "use_regex", true);
    return ({ text, isFirst }) => {
      const whole = addsSpace && !text.startsWith(" ") ? ` ${text}` : text;
      return (splits ? words(whole) : [whole]).map((word, i) => ({
        text: spellBytes(word),
        isFirst: isFirst && i === 0,
      }));
    };
  },

  CharDelimiterSplit: (part) =>
    splitting(everywhere(literal(character(part, "delimiter"))), "Removed"),

  Digits: (part) =>
    splitting(NUMBERS, flagField(part, "individual_digits") ? "Isolated" : "Contiguous"),

  FixedLength(part) {
    const length = countField(part, "length", 5);
    if (length === 0) return wrongField(part, "length", "above 0");
    const pieces = everywhere(`[^]{1,${length}}`);
    return splitting(pieces, "Isolated");
  },

  Metaspace(part) {
    const mark = character(part, "replacement");
    const scheme = textField(part, "prepend_scheme", "always");
    if (!["always", "first", "never"].includes(scheme)) {
      return wrongField(part, "prepend_scheme", "always, first or never");
    }
    if (part.json["add_prefix_space"] === false && scheme !== "never") {
      return wrongField(part, "prepend_scheme", "never where add_prefix_space is false");
    }
    const splits = flagField(part, "split", true);
    const marks = splitting(everywhere(literal(mark)), "MergedWithNext");
    return ({ text, isFirst }) => {
      const marked = text.replaceAll(" ", () => mark);
      const lacks = scheme === "always" || (scheme === "first" && isFirst);
      const whole = lacks && !marked.startsWith(mark) ? mark + marked : marked;
      const piece = { text: whole, isFirst };
      return splits ? marks(piece) : [piece];
    };
  },

  Punctuation: (part) => splitting(SIGNS, behavior(part, "Isolated")),

  Split(part) {
    const pattern = byExpression(patternField(part));
    return splitting(flagField(part, "invert") ? inverted(pattern) : pattern, behavior(part));
  },

  Whitespace: () => splitting(inverted(WORDS_AND_SIGNS), "Removed"),

  WhitespaceSplit: () => betweenSpaces,
};

function behavior(part: Part, otherwise?: Behavior): Behavior {
  const name = textField(part, "behavior", otherwise);
  return (
    BEHAVIORS.find((each) => each === name) ?? wrongField(part, "behavior", BEHAVIORS.join(", "))
  );
}

function character(part: Part, name: string): string {
  const text = textField(part, name);
  return Array.from(text).length === 1 ? text : wrongField(part, name, "one character");
}
