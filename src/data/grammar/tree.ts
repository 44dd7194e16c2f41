/** @file The abstract sentences from which `grammar-german` and `grammar-english` both write. */

export type Gender = "m" | "f" | "n";
export type GrammaticalNumber = "singular" | "plural";
export type Case = "nominative" | "accusative" | "dative";
/** The forms of a finite verb that occur: ich, er, and wir or sie. */
export type Person = "first" | "third" | "plural";
export type Tense = "present" | "past" | "future";
export type NounClass =
  | "person"
  | "animal"
  | "text"
  | "food"
  | "drink"
  | "door"
  | "thing"
  | "place";

export interface Noun {
  readonly class: NounClass;
  readonly gender: Gender;
  readonly german: Readonly<Record<GrammaticalNumber, string>>;
  readonly english: Readonly<Record<GrammaticalNumber, string>>;
  /** Accusative and dative singular of a weak noun: den Bären. */
  readonly oblique: string;
}

export interface Adjective {
  /** What endings follow: "müd". */
  readonly stem: string;
  /** After "is": "müde". */
  readonly predicative: string;
  readonly english: string;
}

/** "inflected" takes the endings of "ein": mein, unser, kein. A plural "indefinite" is no word. */
export type Determiner =
  | { readonly kind: "definite" | "indefinite" }
  | { readonly kind: "inflected" | "numeral"; readonly german: string; readonly english: string };

export interface Pronoun {
  readonly kind: "pronoun";
  readonly person: Person;
  readonly german: string;
  readonly english: string;
}

export interface CommonPhrase {
  readonly kind: "common";
  readonly determiner: Determiner;
  readonly adjective: Adjective | undefined;
  readonly noun: Noun;
  readonly number: GrammaticalNumber;
}

export type NounPhrase = Pronoun | CommonPhrase;

export interface Preposition {
  readonly german: string;
  readonly english: string;
  readonly case: Case;
}

export interface PrepositionalPhrase {
  readonly preposition: Preposition;
  readonly phrase: CommonPhrase;
}

export interface Verb {
  /** Without the separable prefix, except for the participle; the infinitive is the plural. */
  readonly german: Readonly<Record<Person | "participle", string>>;
  readonly prefix: string;
  /** Whether the perfect takes "sein". */
  readonly moves: boolean;
  readonly english: { readonly base: string; readonly third: string; readonly past: string };
  readonly accusative: readonly NounClass[];
  readonly dative: readonly NounClass[];
  /** What else may come: where to, with whom, for whom. */
  readonly takes: "direction" | "company" | "beneficiary" | "nothing";
}

export interface Modal {
  readonly german: Readonly<Record<Person, string>>;
  /** "can" is an auxiliary; "want to" is conjugated and needs "do". */
  readonly english: { readonly base: string; readonly third: string; readonly auxiliary: boolean };
}

export type Predicate =
  | {
      readonly kind: "action";
      readonly verb: Verb;
      /** Only in the present. */
      readonly modal: Modal | undefined;
      readonly dative: CommonPhrase | undefined;
      readonly accusative: CommonPhrase | undefined;
      readonly adjuncts: readonly PrepositionalPhrase[];
    }
  | { readonly kind: "quality"; readonly adjective: Adjective };

export interface Clause {
  readonly subject: NounPhrase;
  readonly predicate: Predicate;
  readonly tense: Tense;
  readonly negated: boolean;
}

/** A word or two with one translation and no inflection. */
export interface Phrase {
  readonly german: string;
  readonly english: string;
}

export type Sentence =
  | { readonly kind: "statement"; readonly adverb: Phrase | undefined; readonly clause: Clause }
  | { readonly kind: "question"; readonly word: Phrase | undefined; readonly clause: Clause }
  | {
      readonly kind: "complex";
      readonly conjunction: Phrase;
      readonly subordinate: Clause;
      readonly main: Clause;
      readonly order: "main first" | "subordinate first";
    }
  | {
      readonly kind: "report";
      readonly subject: NounPhrase;
      readonly verb: Verb;
      readonly clause: Clause;
    }
  /** "Das ist der Hund, der die Tür aufmacht": the subject of the clause is what is shown. */
  | { readonly kind: "relative"; readonly clause: Clause & { readonly subject: CommonPhrase } }
  | { readonly kind: "exclamation"; readonly phrase: CommonPhrase };

export const personOf = (phrase: NounPhrase): Person => {
  if (phrase.kind === "pronoun") return phrase.person;
  return phrase.number === "singular" ? "third" : "plural";
};

/** Joined by spaces; empty parts leave none. */
export const words = (...parts: readonly string[]): string =>
  parts.filter((part) => part !== "").join(" ");
