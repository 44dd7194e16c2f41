/** @file German phrases and clauses against a textbook's tables, written out by hand. */

import { describe, expect, it } from "vitest";
import { germanPhrase, germanSentence } from "../../../src/data/grammar/german.ts";
import {
  AT,
  FOR,
  IN,
  INTO,
  ON,
  ONTO,
  REPORTS,
  THROUGH,
  WITH,
} from "../../../src/data/grammar/lexicon.ts";
import type { Clause } from "../../../src/data/grammar/tree.ts";
import { clause, phrase, pronoun, quality } from "../grammar-words.ts";

describe("germanPhrase", () => {
  it.each([
    // [phrase, nominative, accusative, dative]
    ["der alt Hund", "der alte Hund", "den alten Hund", "dem alten Hund"],
    ["der alt Frau", "die alte Frau", "die alte Frau", "der alten Frau"],
    ["der alt Kind", "das alte Kind", "das alte Kind", "dem alten Kind"],
    ["der alt Hunde+", "die alten Hunde", "die alten Hunde", "den alten Hunden"],
    ["ein groß Hund", "ein großer Hund", "einen großen Hund", "einem großen Hund"],
    ["ein groß Frau", "eine große Frau", "eine große Frau", "einer großen Frau"],
    ["ein groß Kind", "ein großes Kind", "ein großes Kind", "einem großen Kind"],
    ["ein groß Kinder+", "große Kinder", "große Kinder", "großen Kindern"],
    ["kein müde Vogel", "kein müder Vogel", "keinen müden Vogel", "keinem müden Vogel"],
    ["kein müde Maus", "keine müde Maus", "keine müde Maus", "keiner müden Maus"],
    ["kein müde Pferd", "kein müdes Pferd", "kein müdes Pferd", "keinem müden Pferd"],
    ["mein müde Vögel+", "meine müden Vögel", "meine müden Vögel", "meinen müden Vögeln"],
    ["zwei schön Katzen+", "zwei schöne Katzen", "zwei schöne Katzen", "zwei schönen Katzen"],
    ["ein heiß Tee", "heißer Tee", "heißen Tee", "heißem Tee"],
    ["ein kalt Milch", "kalte Milch", "kalte Milch", "kalter Milch"],
    ["ein süß Wasser", "süßes Wasser", "süßes Wasser", "süßem Wasser"],
    ["der Bär", "der Bär", "den Bären", "dem Bären"],
    ["ein Junge", "ein Junge", "einen Jungen", "einem Jungen"],
    ["der Lehrer+", "die Lehrer", "die Lehrer", "den Lehrern"],
  ])("%s", (text, nominative, accusative, dative) => {
    expect(germanPhrase(phrase(text), "nominative")).toBe(nominative);
    expect(germanPhrase(phrase(text), "accusative")).toBe(accusative);
    expect(germanPhrase(phrase(text), "dative")).toBe(dative);
  });
});

const dog = phrase("der Hund");
const women = phrase("der Frauen+");
const opens = { verb: "aufmachen", accusative: "der Tür" };

const statement = (of: Clause) =>
  germanSentence({ kind: "statement", adverb: undefined, clause: of });

const fronted = (of: Clause) =>
  germanSentence({
    kind: "statement",
    adverb: { german: "heute", english: "today" },
    clause: of,
  });

const because = (subordinate: Clause, order: "main first" | "subordinate first" = "main first") =>
  germanSentence({
    kind: "complex",
    conjunction: { german: "weil", english: "because" },
    subordinate,
    main: clause({ subject: pronoun("I"), verb: "lachen" }),
    order,
  });

describe("the verb", () => {
  it.each([
    [{ subject: dog, ...opens }, "macht der Hund die Tür auf", "der Hund die Tür aufmacht"],
    [{ subject: women, ...opens }, "machen die Frauen die Tür auf", "die Frauen die Tür aufmachen"],
    [
      { subject: pronoun("I"), verb: "einladen", accusative: "ein Lehrer" },
      "lade ich einen Lehrer ein",
      "ich einen Lehrer einlade",
    ],
    [
      { subject: dog, ...opens, tense: "past" },
      "hat der Hund die Tür aufgemacht",
      "der Hund die Tür aufgemacht hat",
    ],
    [
      { subject: women, verb: "aufwachen", tense: "past" },
      "sind die Frauen aufgewacht",
      "die Frauen aufgewacht sind",
    ],
    [
      { subject: pronoun("we"), ...opens, modal: "müssen" },
      "müssen wir die Tür aufmachen",
      "wir die Tür aufmachen müssen",
    ],
    [
      { subject: dog, verb: "anrufen", accusative: "der Mann", negated: true },
      "ruft der Hund den Mann nicht an",
      "der Hund den Mann nicht anruft",
    ],
    [
      { subject: pronoun("he"), verb: "geben", dative: "der Frau", accusative: "ein Apfel" },
      "gibt er der Frau einen Apfel",
      "er der Frau einen Apfel gibt",
    ],
  ] as const)("stands second and last: %#", (parts, second, last) => {
    expect(fronted(clause(parts))).toBe(`heute ${second}.`);
    expect(because(clause(parts))).toBe(`ich lache, weil ${last}.`);
    expect(because(clause(parts), "subordinate first")).toBe(`weil ${last}, lache ich.`);
  });

  it.each([
    ["I", "ich lese ein Buch."],
    ["he", "er liest ein Buch."],
    ["we", "wir lesen ein Buch."],
    ["they", "sie lesen ein Buch."],
  ])("agrees with %s", (english, expected) => {
    const reads = clause({ subject: pronoun(english), verb: "lesen", accusative: "ein Buch" });
    expect(statement(reads)).toBe(expected);
  });
});

describe("negation", () => {
  it.each([
    [{ accusative: "der Buch" }, "der Hund sieht das Buch nicht."],
    [{ accusative: "ein Buch" }, "der Hund sieht kein Buch."],
    [{ accusative: "ein Bär" }, "der Hund sieht keinen Bären."],
    [{ accusative: "ein groß Vögel+" }, "der Hund sieht keine großen Vögel."],
    [{ adjunct: [IN, "der Garten"] }, "der Hund sieht nicht im Garten."],
    [
      { accusative: "ein Maus", adjunct: [IN, "der Garten"] },
      "der Hund sieht im Garten keine Maus.",
    ],
    [
      { accusative: "mein Maus", adjunct: [IN, "der Garten"] },
      "der Hund sieht meine Maus nicht im Garten.",
    ],
  ] as const)("is kein or nicht: %#", (rest, expected) => {
    expect(statement(clause({ subject: dog, verb: "sehen", ...rest, negated: true }))).toBe(
      expected,
    );
  });

  it("comes before a quality", () => {
    expect(statement(quality(dog, "müde", true))).toBe("der Hund ist nicht müde.");
  });
});

describe("prepositions", () => {
  it.each([
    [IN, "der Garten", "im Garten"],
    [IN, "der alt Haus", "im alten Haus"],
    [IN, "der Küche", "in der Küche"],
    [INTO, "der Garten", "in den Garten"],
    [INTO, "der alt Haus", "ins alte Haus"],
    [INTO, "der Küche", "in die Küche"],
    [ON, "der Tisch", "auf dem Tisch"],
    [ONTO, "der Dach", "auf das Dach"],
    [AT, "der Fluss", "am Fluss"],
    [THROUGH, "der Wald", "durch den Wald"],
    [WITH, "ein groß Bär", "mit einem großen Bären"],
    [WITH, "der Kinder+", "mit den Kindern"],
    [FOR, "mein Hund", "für meinen Hund"],
  ])("%o: %s", (preposition, text, expected) => {
    const runs = clause({ subject: dog, verb: "laufen", adjunct: [preposition, text] });
    expect(statement(runs)).toBe(`der Hund läuft ${expected}.`);
  });
});

describe("germanSentence", () => {
  it("asks", () => {
    const asked = clause({ subject: dog, ...opens });
    expect(germanSentence({ kind: "question", word: undefined, clause: asked })).toBe(
      "macht der Hund die Tür auf?",
    );
    const word = { german: "warum", english: "why" };
    expect(germanSentence({ kind: "question", word, clause: asked })).toBe(
      "warum macht der Hund die Tür auf?",
    );
  });

  it.each([
    ["der Hund", "das ist der Hund, der die Tür aufmacht."],
    ["der Frau", "das ist die Frau, die die Tür aufmacht."],
    ["der Kind", "das ist das Kind, das die Tür aufmacht."],
    ["der Bären+", "das sind die Bären, die die Tür aufmachen."],
  ])("relates to %s", (text, expected) => {
    const subject = phrase(text);
    const relative = { ...clause({ subject, ...opens }), subject };
    expect(germanSentence({ kind: "relative", clause: relative })).toBe(expected);
  });

  it("reports", () => {
    const [know] = REPORTS;
    if (know === undefined) throw new Error("no verb of report");
    const opened = clause({ subject: dog, ...opens, tense: "past" });
    expect(
      germanSentence({ kind: "report", subject: pronoun("we"), verb: know, clause: opened }),
    ).toBe("wir wissen, dass der Hund die Tür aufgemacht hat.");
  });

  it("exclaims", () => {
    expect(germanSentence({ kind: "exclamation", phrase: phrase("ein schön Hund") })).toBe(
      "was für ein schöner Hund!",
    );
    expect(germanSentence({ kind: "exclamation", phrase: phrase("ein schön Hunde+") })).toBe(
      "was für schöne Hunde!",
    );
  });
});
