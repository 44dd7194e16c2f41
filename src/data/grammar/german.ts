/**
 * @file German: inflection, and the three places of the verb.
 *
 *   subject first   Der Hund | macht | die Tür | auf
 *   inverted        heute    | macht | der Hund | die Tür | auf
 *   verb last       weil     | der Hund | die Tür | auf·macht
 */

import { NO } from "./lexicon.ts";
import type {
  Case,
  Clause,
  CommonPhrase,
  Gender,
  GrammaticalNumber,
  Noun,
  NounPhrase,
  Person,
  PrepositionalPhrase,
  Sentence,
} from "./tree.ts";
import { personOf, words } from "./tree.ts";

export function germanSentence(sentence: Sentence): string {
  switch (sentence.kind) {
    case "statement": {
      const { adverb, clause } = sentence;
      return adverb === undefined
        ? `${subjectFirst(clause)}.`
        : `${adverb.german} ${inverted(clause)}.`;
    }
    case "question": {
      const { word, clause } = sentence;
      return word === undefined ? `${inverted(clause)}?` : `${word.german} ${inverted(clause)}?`;
    }
    case "complex": {
      const subordinate = `${sentence.conjunction.german} ${verbLast(sentence.subordinate)}`;
      return sentence.order === "main first"
        ? `${subjectFirst(sentence.main)}, ${subordinate}.`
        : `${subordinate}, ${inverted(sentence.main)}.`;
    }
    case "report": {
      const { subject, verb, clause } = sentence;
      const report = verb.german[personOf(subject)];
      return `${germanPhrase(subject, "nominative")} ${report}, dass ${verbLast(clause)}.`;
    }
    case "relative": {
      const { subject } = sentence.clause;
      const is = subject.number === "singular" ? "ist" : "sind";
      const pronoun = ARTICLE.nominative[columnOf(subject)];
      const shown = germanPhrase(subject, "nominative");
      return `das ${is} ${shown}, ${verbLast(sentence.clause, pronoun)}.`;
    }
    default:
      return `was für ${germanPhrase(sentence.phrase, "nominative")}!`;
  }
}

type Column = Gender | "plural";
type Paradigm = Readonly<Record<Case, Readonly<Record<Column, string>>>>;

const row = (m: string, f: string, n: string, plural: string) => ({ m, f, n, plural });

const ARTICLE: Paradigm = {
  nominative: row("der", "die", "das", "die"),
  accusative: row("den", "die", "das", "die"),
  dative: row("dem", "der", "dem", "den"),
};

/** After ein, kein, mein, unser. */
const EIN_ENDING: Paradigm = {
  nominative: row("", "e", "", "e"),
  accusative: row("en", "e", "", "e"),
  dative: row("em", "er", "em", "en"),
};

/** Of an adjective after der. */
const WEAK_ENDING: Paradigm = {
  nominative: row("e", "e", "e", "en"),
  accusative: row("en", "e", "e", "en"),
  dative: row("en", "en", "en", "en"),
};

/** Of an adjective after ein. */
const MIXED_ENDING: Paradigm = {
  nominative: row("er", "e", "es", "en"),
  accusative: row("en", "e", "es", "en"),
  dative: row("en", "en", "en", "en"),
};

/** Of an adjective after a numeral or no word at all. */
const STRONG_ENDING: Paradigm = {
  nominative: row("er", "e", "es", "e"),
  accusative: row("en", "e", "es", "e"),
  dative: row("em", "er", "em", "en"),
};

const columnOf = ({ noun, number }: CommonPhrase): Column =>
  number === "plural" ? "plural" : noun.gender;

/** A phrase in a case: "dem alten Bären". */
export function germanPhrase(phrase: NounPhrase, inCase: Case): string {
  if (phrase.kind === "pronoun") return phrase.german;
  const { adjective, noun, number } = phrase;
  const { determiner, endings } = determinerForm(phrase, inCase);
  const ending = endings[inCase][columnOf(phrase)];
  const inflected = adjective === undefined ? "" : adjective.stem + ending;
  return words(determiner, inflected, nounForm(noun, number, inCase));
}

/** The determiner, and the endings that an adjective takes after it. */
function determinerForm(phrase: CommonPhrase, inCase: Case): DeterminerForm {
  const { determiner, noun } = phrase;
  const column = columnOf(phrase);
  switch (determiner.kind) {
    case "definite":
      return { determiner: ARTICLE[inCase][column], endings: WEAK_ENDING };
    case "inflected":
      return { determiner: determiner.german + EIN_ENDING[inCase][column], endings: MIXED_ENDING };
    case "indefinite":
      return column === "plural" || noun.class === "drink"
        ? { determiner: "", endings: STRONG_ENDING }
        : { determiner: `ein${EIN_ENDING[inCase][column]}`, endings: MIXED_ENDING };
    default:
      return { determiner: determiner.german, endings: STRONG_ENDING };
  }
}

interface DeterminerForm {
  readonly determiner: string;
  readonly endings: Paradigm;
}

function nounForm(noun: Noun, number: GrammaticalNumber, inCase: Case): string {
  const { singular, plural } = noun.german;
  if (number === "singular") return inCase === "nominative" ? singular : noun.oblique;
  return inCase === "dative" && !/[ns]$/.test(plural) ? `${plural}n` : plural;
}

const CONTRACTIONS: readonly (readonly [RegExp, string])[] = [
  [/^in dem /, "im "],
  [/^in das /, "ins "],
  [/^an dem /, "am "],
];

function adjunct({ preposition, phrase }: PrepositionalPhrase): string {
  const full = `${preposition.german} ${germanPhrase(phrase, preposition.case)}`;
  return CONTRACTIONS.reduce((text, [long, short]) => text.replace(long, short), full);
}

const isKnown = ({ determiner }: CommonPhrase): boolean =>
  determiner.kind === "definite" || determiner.kind === "inflected";

/**
 * Known objects, "nicht", adjuncts, new objects. Negation turns a new object from "ein" to "kein"
 * and needs no "nicht" then.
 */
function middle({ predicate, negated }: Clause): string {
  const isNot = negated ? "nicht" : "";
  if (predicate.kind === "quality") return words(isNot, predicate.adjective.predicative);

  const known: string[] = [];
  const fresh: string[] = [];
  let negation = isNot;
  const place = (phrase: CommonPhrase | undefined, inCase: Case) => {
    if (phrase === undefined) return;
    if (isKnown(phrase)) {
      known.push(germanPhrase(phrase, inCase));
    } else if (negation !== "" && phrase.determiner.kind === "indefinite") {
      fresh.push(germanPhrase({ ...phrase, determiner: NO }, inCase));
      negation = "";
    } else {
      fresh.push(germanPhrase(phrase, inCase));
    }
  };
  place(predicate.dative, "dative");
  place(predicate.accusative, "accusative");
  return words(...known, negation, ...predicate.adjuncts.map(adjunct), ...fresh);
}

/** The finite verb, what ends the clause, and both at the end of a clause with the verb last. */
interface VerbForms {
  readonly finite: string;
  readonly tail: string;
  readonly last: string;
}

const SEIN: Readonly<Record<Person, string>> = { first: "bin", third: "ist", plural: "sind" };
const HABEN: Readonly<Record<Person, string>> = { first: "habe", third: "hat", plural: "haben" };

function verbForms({ subject, predicate, tense }: Clause): VerbForms {
  const person = personOf(subject);
  if (predicate.kind === "quality") return { finite: SEIN[person], tail: "", last: SEIN[person] };

  const { verb, modal } = predicate;
  if (modal !== undefined)
    return periphrasis(modal.german[person], verb.prefix + verb.german.plural);
  if (tense === "past") {
    return periphrasis((verb.moves ? SEIN : HABEN)[person], verb.german.participle);
  }
  const finite = verb.german[person];
  return { finite, tail: verb.prefix, last: verb.prefix + finite };
}

const periphrasis = (finite: string, tail: string): VerbForms => ({
  finite,
  tail,
  last: `${tail} ${finite}`,
});

const subjectOf = (clause: Clause): string => germanPhrase(clause.subject, "nominative");

function subjectFirst(clause: Clause): string {
  const { finite, tail } = verbForms(clause);
  return words(subjectOf(clause), finite, middle(clause), tail);
}

function inverted(clause: Clause): string {
  const { finite, tail } = verbForms(clause);
  return words(finite, subjectOf(clause), middle(clause), tail);
}

function verbLast(clause: Clause, subject: string = subjectOf(clause)): string {
  return words(subject, middle(clause), verbForms(clause).last);
}
