/** @file Finds the words of the lexicon by name, and builds phrases and clauses from them. */

import {
  ADJECTIVES,
  DEFINITE,
  INDEFINITE,
  MODALS,
  NO,
  NOUNS,
  NUMERALS,
  PLACES,
  POSSESSIVES,
  PRONOUNS,
  VERBS,
} from "../../src/data/grammar/lexicon.ts";
import type {
  Clause,
  CommonPhrase,
  Determiner,
  NounPhrase,
  Preposition,
  Predicate,
} from "../../src/data/grammar/tree.ts";

function find<T>(items: readonly T[], name: string, nameOf: (item: T) => string): T {
  const item = items.find((candidate) => nameOf(candidate) === name);
  if (item === undefined) throw new Error(`no word ${name}`);
  return item;
}

const DETERMINERS: Readonly<Record<string, Determiner>> = {
  der: DEFINITE,
  ein: INDEFINITE,
  kein: NO,
  mein: find(POSSESSIVES, "my", (d) => ("english" in d ? d.english : "")),
  zwei: find(NUMERALS, "two", (d) => ("english" in d ? d.english : "")),
};

const NOUNS_AND_PLACES = [...NOUNS, ...PLACES.map(({ noun }) => noun)];

/** "der alt Hund" in the singular, "der alt Hunde+" in the plural; determiners and adjectives bare. */
export function phrase(text: string): CommonPhrase {
  const [determiner = "", ...rest] = text.split(" ");
  const [name = "", adjective] = rest.toReversed();
  const noun = find(
    NOUNS_AND_PLACES,
    name.replace("+", ""),
    ({ german }) => german[name.endsWith("+") ? "plural" : "singular"],
  );
  return {
    kind: "common",
    determiner: DETERMINERS[determiner] ?? INDEFINITE,
    adjective:
      adjective === undefined
        ? undefined
        : find(Object.values(ADJECTIVES).flat(), adjective, (word) => word.predicative),
    noun,
    number: name.endsWith("+") ? "plural" : "singular",
  };
}

export const pronoun = (english: string): NounPhrase =>
  find(PRONOUNS, english, (word) => word.english);

interface ClauseParts {
  readonly subject: NounPhrase;
  /** The German infinitive. */
  readonly verb: string;
  readonly modal?: string;
  readonly dative?: string;
  readonly accusative?: string;
  readonly adjunct?: readonly [Preposition, string];
  readonly tense?: Clause["tense"];
  readonly negated?: boolean;
}

export function clause(parts: ClauseParts): Clause {
  const { subject, verb, tense = "present", negated = false } = parts;
  const predicate: Predicate = {
    kind: "action",
    verb: find(VERBS, verb, ({ prefix, german }) => prefix + german.plural),
    modal:
      parts.modal === undefined ? undefined : find(MODALS, parts.modal, (m) => m.german.plural),
    dative: parts.dative === undefined ? undefined : phrase(parts.dative),
    accusative: parts.accusative === undefined ? undefined : phrase(parts.accusative),
    adjuncts:
      parts.adjunct === undefined
        ? []
        : [{ preposition: parts.adjunct[0], phrase: phrase(parts.adjunct[1]) }],
  };
  return { subject, predicate, tense, negated };
}

export function quality(subject: NounPhrase, adjective: string, negated = false): Clause {
  const word = find(Object.values(ADJECTIVES).flat(), adjective, ({ predicative }) => predicative);
  return { subject, predicate: { kind: "quality", adjective: word }, tense: "present", negated };
}
