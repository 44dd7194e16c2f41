/** @file English: agreement, "do", and one order of words for all clauses. */

import type {
  Clause,
  CommonPhrase,
  NounPhrase,
  Person,
  PrepositionalPhrase,
  Sentence,
} from "./tree.ts";
import { personOf, words } from "./tree.ts";

export function englishSentence(sentence: Sentence): string {
  switch (sentence.kind) {
    case "statement": {
      const { adverb, clause } = sentence;
      return `${words(adverb?.english ?? "", statement(clause))}.`;
    }
    case "question":
      return `${words(sentence.word?.english ?? "", question(sentence.clause))}?`;
    case "complex": {
      const main = statement(sentence.main);
      const subordinate = `${sentence.conjunction.english} ${statement(sentence.subordinate)}`;
      return sentence.order === "main first"
        ? `${main} ${subordinate}.`
        : `${subordinate}, ${main}.`;
    }
    case "report": {
      const { base, third } = sentence.verb.english;
      const verb = personOf(sentence.subject) === "third" ? third : base;
      return `${englishPhrase(sentence.subject)} ${verb} that ${statement(sentence.clause)}.`;
    }
    case "relative": {
      const { subject } = sentence.clause;
      const are = subject.number === "singular" ? "that is" : "those are";
      const pronoun = subject.noun.class === "person" ? "who" : "that";
      return `${are} ${englishPhrase(subject)} ${statement(sentence.clause, pronoun)}.`;
    }
    default:
      return `what ${englishPhrase(sentence.phrase)}!`;
  }
}

export function englishPhrase(phrase: NounPhrase): string {
  if (phrase.kind === "pronoun") return phrase.english;
  const rest = words(phrase.adjective?.english ?? "", phrase.noun.english[phrase.number]);
  return words(determinerBefore(rest, phrase), rest);
}

function determinerBefore(rest: string, { determiner, noun, number }: CommonPhrase): string {
  switch (determiner.kind) {
    case "definite":
      return "the";
    case "indefinite":
      if (number === "plural" || noun.class === "drink") return "";
      return /^[aeiou]/.test(rest) ? "an" : "a";
    default:
      return determiner.english;
  }
}

function statement(clause: Clause, subject: string = englishPhrase(clause.subject)): string {
  const { negated } = clause;
  const { auxiliary, main } = verbGroup(clause, negated);
  const not = negated ? "not" : "";
  const finite = negated && auxiliary === "can" ? "cannot" : words(auxiliary, not);
  return words(subject, finite, main, complements(clause));
}

function question(clause: Clause): string {
  const { auxiliary, main } = verbGroup(clause, true);
  const not = clause.negated ? "not" : "";
  return words(auxiliary, englishPhrase(clause.subject), not, main, complements(clause));
}

interface VerbGroup {
  /** What "not" follows and a question starts with; empty where nothing asks for one. */
  readonly auxiliary: string;
  readonly main: string;
}

const BE: Readonly<Record<Person, string>> = { first: "am", third: "is", plural: "are" };

function verbGroup(clause: Clause, needsAuxiliary: boolean): VerbGroup {
  const { predicate, tense } = clause;
  const person = personOf(clause.subject);
  if (predicate.kind === "quality") {
    return tense === "future"
      ? { auxiliary: "will", main: "be" }
      : { auxiliary: BE[person], main: "" };
  }

  const { verb, modal } = predicate;
  if (tense === "future") return { auxiliary: "will", main: verb.english.base };
  if (modal?.english.auxiliary === true) {
    return { auxiliary: modal.english.base, main: verb.english.base };
  }
  const infinitive = modal === undefined ? "" : verb.english.base;
  const { base, third } = modal?.english ?? verb.english;
  if (needsAuxiliary) {
    const present = person === "third" ? "does" : "do";
    return { auxiliary: tense === "past" ? "did" : present, main: words(base, infinitive) };
  }
  if (tense === "past") return { auxiliary: "", main: verb.english.past };
  return { auxiliary: "", main: words(person === "third" ? third : base, infinitive) };
}

function complements({ predicate }: Clause): string {
  if (predicate.kind === "quality") return predicate.adjective.english;
  const { dative, accusative, adjuncts } = predicate;
  return words(...[dative, accusative].map(optionalPhrase), ...adjuncts.map(adjunct));
}

const optionalPhrase = (phrase: CommonPhrase | undefined): string =>
  phrase === undefined ? "" : englishPhrase(phrase);

const adjunct = ({ preposition, phrase }: PrepositionalPhrase): string =>
  `${preposition.english} ${englishPhrase(phrase)}`;
