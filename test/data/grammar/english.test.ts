/** @file English sentences against strings written by hand. */

import { describe, expect, it } from "vitest";
import { englishPhrase, englishSentence } from "../../../src/data/grammar/english.ts";
import { INTO } from "../../../src/data/grammar/lexicon.ts";
import type { Clause } from "../../../src/data/grammar/tree.ts";
import { clause, phrase, pronoun, quality } from "../grammar-words.ts";

const statement = (of: Clause) =>
  englishSentence({ kind: "statement", adverb: undefined, clause: of });

const question = (of: Clause) => englishSentence({ kind: "question", word: undefined, clause: of });

describe("englishPhrase", () => {
  it.each([
    ["der Maus", "the mouse"],
    ["der Mäuse+", "the mice"],
    ["ein Hund", "a dog"],
    ["ein alt Hund", "an old dog"],
    ["ein Apfel", "an apple"],
    ["ein rot Apfel", "a red apple"],
    ["ein Hunde+", "dogs"],
    ["ein heiß Tee", "hot tea"],
    ["kein Hund", "no dog"],
    ["mein Hunde+", "my dogs"],
    ["zwei Kinder+", "two children"],
  ])("%s", (text, expected) => {
    expect(englishPhrase(phrase(text))).toBe(expected);
  });
});

describe("the verb", () => {
  const dog = phrase("der Hund");
  const dogs = phrase("der Hunde+");
  const I = pronoun("I");
  it.each([
    [{ subject: dog }, "the dog sings.", "does the dog sing?"],
    [{ subject: dogs }, "the dogs sing.", "do the dogs sing?"],
    [{ subject: I }, "I sing.", "do I sing?"],
    [{ subject: dog, tense: "past" }, "the dog sang.", "did the dog sing?"],
    [{ subject: dog, tense: "future" }, "the dog will sing.", "will the dog sing?"],
    [{ subject: dog, modal: "können" }, "the dog can sing.", "can the dog sing?"],
    [{ subject: dog, modal: "wollen" }, "the dog wants to sing.", "does the dog want to sing?"],
    [{ subject: dogs, modal: "müssen" }, "the dogs have to sing.", "do the dogs have to sing?"],
  ] as const)("agrees: %#", (parts, stated, asked) => {
    const sings = clause({ verb: "singen", ...parts });
    expect(statement(sings)).toBe(stated);
    expect(question(sings)).toBe(asked);
  });

  it.each([
    [{ subject: dog }, "the dog does not sing."],
    [{ subject: dogs, tense: "past" }, "the dogs did not sing."],
    [{ subject: I, tense: "future" }, "I will not sing."],
    [{ subject: dog, modal: "können" }, "the dog cannot sing."],
    [{ subject: dog, modal: "müssen" }, "the dog does not have to sing."],
  ] as const)("is negated: %#", (parts, expected) => {
    expect(statement(clause({ verb: "singen", ...parts, negated: true }))).toBe(expected);
  });

  it("is be", () => {
    expect(statement(quality(I, "müde"))).toBe("I am tired.");
    expect(statement(quality(dogs, "müde", true))).toBe("the dogs are not tired.");
    expect(question(quality(dog, "müde"))).toBe("is the dog tired?");
    expect(statement({ ...quality(dog, "müde"), tense: "future" })).toBe("the dog will be tired.");
  });
});

describe("englishSentence", () => {
  const goes = { verb: "gehen", adjunct: [INTO, "der Haus"] } as const;

  it("orders its clauses", () => {
    const parts = {
      kind: "complex",
      conjunction: { german: "wenn", english: "when" },
      subordinate: clause({ subject: phrase("der Mann"), ...goes }),
      main: clause({ subject: pronoun("they"), verb: "aufmachen", accusative: "ein Fenster" }),
    } as const;
    expect(englishSentence({ ...parts, order: "subordinate first" })).toBe(
      "when the man goes into the house, they open a window.",
    );
    expect(englishSentence({ ...parts, order: "main first" })).toBe(
      "they open a window when the man goes into the house.",
    );
  });

  it("gives and shows", () => {
    const parts = { verb: "geben", dative: "der Frau", accusative: "ein Ei" };
    expect(statement(clause({ subject: pronoun("she"), ...parts }))).toBe(
      "she gives the woman an egg.",
    );
  });

  it.each([
    ["der Hund", "that is the dog that goes into the house."],
    ["der Hexen+", "those are the witches who go into the house."],
  ])("relates to %s", (text, expected) => {
    const subject = phrase(text);
    const relative = { ...clause({ subject, ...goes }), subject };
    expect(englishSentence({ kind: "relative", clause: relative })).toBe(expected);
  });
});
