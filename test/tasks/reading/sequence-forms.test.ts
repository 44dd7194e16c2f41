/** Encoded examples that travel as numbers arrive as they were. */

import { describe, expect, it } from "vitest";
import {
  classifiedForm,
  imageForm,
  languageModelForm,
  numbersOf,
  pairedForm,
  preferenceForm,
  seq2seqForm,
  type SequenceForm,
} from "../../../src/tasks/reading/sequence-forms.ts";

const ids = (...numbers: readonly number[]) => Int32Array.from(numbers);
const encoding = (length: number) => ({ ids: ids(...Array(length).keys()), tokenTypes: ids(0, 1) });
const sequence = { ids: ids(5, 6, 7), lossFrom: 1 };

/** A case hides the type of its examples. */
function travels<T>(form: SequenceForm<T>, examples: readonly T[]) {
  return () => {
    const numbers = numbersOf(examples.flatMap((each) => form.write(each)));
    expect(examples.map(() => form.read(numbers))).toEqual(examples);
    // Nothing is left over.
    expect(numbers.next()).toBe(0);
    for (const each of examples) {
      const lengths = form.lengthsOf(each);
      expect(lengths).toHaveLength(form.parts);
      const blank = form.blank(lengths, (length) => new Int32Array(length));
      expect(form.lengthsOf(blank)).toEqual(lengths);
    }
  };
}

describe("what is encoded arrives", () => {
  it(
    "for models that continue texts",
    travels(languageModelForm, [
      sequence,
      { ids: ids(1), lossFrom: 1, lossRanges: [] },
      {
        ids: ids(1, 2, 3, 4),
        lossFrom: 2,
        lossRanges: [
          [2, 3],
          [3, 4],
        ],
        weight: 0.25,
      },
      { ids: ids(9, 8), lossFrom: 1, answer: [1, 2], weight: 0 },
    ]),
  );
  it(
    "for encoder-decoders",
    travels(seq2seqForm, [
      { source: ids(1, 2), target: ids() },
      { source: ids(), target: ids(3), weight: 2 },
    ]),
  );
  it(
    "for classifiers",
    travels(classifiedForm, [
      { ...encoding(2), label: 3 },
      { ...encoding(5), label: 0, weight: 0.5 },
    ]),
  );
  it("for vectors", travels(pairedForm, [{ first: encoding(3), second: encoding(1) }]));
  it(
    "for preferences",
    travels(preferenceForm, [
      { chosen: sequence, rejected: { ...sequence, lossRanges: [[1, 2]] } },
      { chosen: { ...sequence, weight: 3 }, rejected: sequence, weight: 3 },
    ]),
  );
  it(
    "for images",
    travels(imageForm, [
      { pixels: Uint8Array.from({ length: 49 }, (_, i) => 255 - i), label: 7 },
      { pixels: Uint8Array.of(255, 255, 255, 255, 255, 255), label: 0 },
    ]),
  );
});
