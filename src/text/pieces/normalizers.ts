/** @file Normalizers of tokenizer.json: from a text to the text that is split. */

import { FormatError } from "../../errors.ts";
import { spellBytes } from "./byte-spelling.ts";
import { flagField, type Part, stepsField, textField, unknownPart } from "./part.ts";
import { patternField } from "./pattern.ts";
import { precompiled } from "./precompiled.ts";
import {
  ACCENT,
  CHINESE,
  CONTROL,
  lowerCase,
  MARK,
  NOT_ASCII,
  normalForm,
  type NormalForm,
} from "./unicode.ts";

export type Normalizer = (text: string) => string;

/**
 * The normalizer of a part.
 *
 * @throws {FormatError} if it is of an unknown kind, or lacks what it needs.
 */
export function normalizerOf(part: Part): Normalizer {
  const make = KINDS[part.type];
  return make ? make(part) : unknownPart(part);
}

const inTurn =
  (steps: readonly Normalizer[]): Normalizer =>
  (text) =>
    steps.reduce((made, step) => step(made), text);

const replacing =
  (pattern: RegExp, content: (match: string) => string): Normalizer =>
  (text) =>
    text.replaceAll(pattern, content);

const without = (source: string): Normalizer => replacing(new RegExp(source, "gu"), () => "");

const beyondAscii = (step: Normalizer): Normalizer => replacing(NOT_ASCII, step);

const inForm = (form: NormalForm) => (): Normalizer => (text) => normalForm(text, form);

const withoutControl = beyondAscii(without(CONTROL));
const withoutAccents = beyondAscii(without(ACCENT));
const plainSpaces = replacing(/\p{White_Space}/gu, () => " ");
const spacedChinese = beyondAscii(
  replacing(new RegExp(CHINESE, "gu"), (character) => ` ${character} `),
);

const KINDS: Readonly<Record<string, (part: Part) => Normalizer>> = {
  Sequence: (part) => inTurn(stepsField(part, "normalizers").map(normalizerOf)),

  BertNormalizer(part) {
    const lowers = flagField(part, "lowercase");
    const strips = flagField(part, "strip_accents", lowers);
    const steps: (Normalizer | false)[] = [
      flagField(part, "clean_text") && inTurn([withoutControl, plainSpaces]),
      flagField(part, "handle_chinese_chars") && spacedChinese,
      strips && ((text) => withoutAccents(normalForm(text, "NFD"))),
      lowers && lowerCase,
    ];
    return inTurn(steps.filter((step) => step !== false));
  },

  ByteLevel: () => spellBytes,

  Lowercase: () => lowerCase,

  NFC: inForm("NFC"),
  NFD: inForm("NFD"),
  NFKC: inForm("NFKC"),
  NFKD: inForm("NFKD"),

  // That of a translator whose rules sentencepiece took over.
  Nmt: () =>
    inTurn([
      without(String.raw`[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]`),
      replacing(/[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g, () => " "),
    ]),

  Precompiled: precompiled,

  Prepend(part) {
    const start = textField(part, "prepend");
    return (text) => (text === "" ? "" : start + text);
  },

  Replace(part) {
    const content = textField(part, "content");
    return replacing(patternField(part), (match) => (match === "" ? insertion(part) : content));
  },

  Strip(part) {
    const ends = [
      flagField(part, "strip_left") && without(String.raw`^\p{White_Space}+`),
      flagField(part, "strip_right") && without(String.raw`(?<!\p{White_Space})\p{White_Space}+$`),
    ];
    return inTurn(ends.filter((step) => step !== false));
  },

  StripAccents: () => beyondAscii(without(MARK)),
};

/** The reference writes in some places twice what stands for nothing, and fails in others. */
function insertion({ path, field, type }: Part): never {
  throw new FormatError(path, `${field} ${type}: pattern: must not match between two characters`);
}
