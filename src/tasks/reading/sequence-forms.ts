/** @file Encoded examples as numbers that ranks tell each other: what all know of each, and all of one. */

import { packed, packedLength, unpacked } from "../../collective/index.ts";
import type {
  ClassifiedEncoding,
  ClassifiedImage,
  EncodedPair,
  LanguageModelSequence,
  PreferenceSequences,
  Seq2seqSequence,
  Weighted,
} from "../../data/index.ts";

/** How encoded examples of one kind travel. */
export interface SequenceForm<T> {
  /** What each is measured by, as many numbers of each: the tokens of its parts. */
  readonly parts: number;
  lengthsOf(sequence: T): readonly number[];
  /** One of these lengths with nothing in it; arrays of one length may be one. */
  blank(lengths: readonly number[], tokens: (length: number) => Int32Array): T;
  write(sequence: T): readonly number[];
  read(numbers: Numbers): T;
}

/** Numbers, one after another. */
export interface Numbers {
  next(): number;
  /** An array with its length before it. */
  array(): Int32Array;
}

export function numbersOf(numbers: readonly number[]): Numbers {
  let at = 0;
  const next = () => numbers[at++] ?? 0;
  return {
    next,
    array() {
      const length = next();
      return Int32Array.from(numbers.slice(at, (at += length)));
    },
  };
}

const array = (numbers: Int32Array): readonly number[] => [numbers.length, ...numbers];

const NONE = -1;

const weightWritten = ({ weight }: Weighted): readonly number[] =>
  weight === undefined ? [NONE] : [1, weight];

const weightRead = (numbers: Numbers): Weighted =>
  numbers.next() === NONE ? {} : { weight: numbers.next() };

/** Of models that continue a text. */
export const languageModelForm: SequenceForm<LanguageModelSequence> = {
  parts: 1,
  lengthsOf: ({ ids }) => [ids.length],
  blank: ([length = 0], tokens) => ({ ids: tokens(length), lossFrom: 1 }),
  write: ({ ids, lossFrom, lossRanges, answer, ...others }) => [
    ...array(ids),
    lossFrom,
    ...(lossRanges ? [lossRanges.length, ...lossRanges.flat()] : [NONE]),
    ...(answer ? [1, ...answer] : [NONE]),
    ...weightWritten(others),
  ],
  read(numbers) {
    const { next } = numbers;
    const pair = (): readonly [number, number] => [next(), next()];
    const [ids, lossFrom, ranges] = [numbers.array(), next(), next()];
    const lossRanges = ranges === NONE ? undefined : Array.from({ length: ranges }, pair);
    const answer = next() === NONE ? undefined : pair();
    return {
      ids,
      lossFrom,
      ...(lossRanges && { lossRanges }),
      ...(answer && { answer }),
      ...weightRead(numbers),
    };
  },
};

/** Of encoder-decoders. */
export const seq2seqForm: SequenceForm<Seq2seqSequence> = {
  parts: 2,
  lengthsOf: ({ source, target }) => [source.length, target.length],
  blank: ([source = 0, target = 0], tokens) => ({ source: tokens(source), target: tokens(target) }),
  write: ({ source, target, ...others }) => [
    ...array(source),
    ...array(target),
    ...weightWritten(others),
  ],
  read: (numbers) => ({
    source: numbers.array(),
    target: numbers.array(),
    ...weightRead(numbers),
  }),
};

/** Of classifiers of texts. */
export const classifiedForm: SequenceForm<ClassifiedEncoding> = {
  parts: 1,
  lengthsOf: ({ ids }) => [ids.length],
  blank: ([length = 0], tokens) => ({ ids: tokens(length), tokenTypes: tokens(length), label: 0 }),
  write: ({ ids, tokenTypes, label, ...others }) => [
    ...array(ids),
    ...array(tokenTypes),
    label,
    ...weightWritten(others),
  ],
  read: (numbers) => ({
    ids: numbers.array(),
    tokenTypes: numbers.array(),
    label: numbers.next(),
    ...weightRead(numbers),
  }),
};

/** Of models whose vectors are compared. */
export const pairedForm: SequenceForm<EncodedPair> = {
  parts: 2,
  lengthsOf: ({ first, second }) => [first.ids.length, second.ids.length],
  blank: (lengths, tokens) => {
    const [first, second] = lengths.map(tokens).map((ids) => ({ ids, tokenTypes: ids }));
    if (!first || !second) throw new Error("internal: a pair has two lengths");
    return { first, second };
  },
  write: ({ first, second }) =>
    [first, second].flatMap(({ ids, tokenTypes }) => [...array(ids), ...array(tokenTypes)]),
  read(numbers) {
    const encoding = () => ({ ids: numbers.array(), tokenTypes: numbers.array() });
    return { first: encoding(), second: encoding() };
  },
};

/** Of answers of which one is preferred. */
export const preferenceForm: SequenceForm<PreferenceSequences> = {
  parts: 2,
  lengthsOf: ({ chosen, rejected }) => [chosen.ids.length, rejected.ids.length],
  blank: ([chosen = 0, rejected = 0], tokens) => ({
    chosen: languageModelForm.blank([chosen], tokens),
    rejected: languageModelForm.blank([rejected], tokens),
  }),
  write: ({ chosen, rejected, ...others }) => [
    ...languageModelForm.write(chosen),
    ...languageModelForm.write(rejected),
    ...weightWritten(others),
  ],
  read: (numbers) => ({
    chosen: languageModelForm.read(numbers),
    rejected: languageModelForm.read(numbers),
    ...weightRead(numbers),
  }),
};

/** Of classifiers of images. */
export const imageForm: SequenceForm<ClassifiedImage> = {
  parts: 0,
  lengthsOf: () => [],
  blank: () => ({ pixels: new Uint8Array(), label: 0 }),
  write: ({ pixels, label }) => [label, pixels.length, ...packed(pixels)],
  read({ next }) {
    const [label, length] = [next(), next()];
    return { label, pixels: unpacked(Array.from({ length: packedLength(length) }, next), length) };
  },
};
