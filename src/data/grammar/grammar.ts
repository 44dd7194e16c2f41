/**
 * @file A synchronous grammar of German and English: one tree, drawn at random, is written in both
 * languages. The sentences are small, but articles and adjectives agree in gender, number and case,
 * separable verbs separate, and subordinate clauses put the verb last. Every German sentence has
 * one translation, so that a model can learn it and a score can tell.
 */

import { foldIn, type Key, randomKey } from "../../random/key.ts";
import { threefry2x32 } from "../../random/threefry.ts";
import { englishSentence } from "./english.ts";
import { germanSentence } from "./german.ts";
import {
  ADJECTIVES,
  ADVERBS,
  CONJUNCTIONS,
  DEFINITE,
  FOR,
  INDEFINITE,
  MODALS,
  NO,
  NOUNS,
  NUMERALS,
  PLACES,
  POSSESSIVES,
  PRONOUNS,
  QUALITIES,
  QUESTION_WORDS,
  REPORTS,
  VERBS,
  WHEN,
  WHERE,
  WITH,
} from "./lexicon.ts";
import type {
  Clause,
  CommonPhrase,
  Determiner,
  GrammaticalNumber,
  Noun,
  NounClass,
  NounPhrase,
  Predicate,
  PrepositionalPhrase,
  Sentence,
  Tense,
  Verb,
} from "./tree.ts";
import type { SentencePair } from "../examples/pairs.ts";

/** In UTF-16 code units: what a small model learns to align in minutes. */
const LONGEST = 50;

/** German sentences and their English translations without end; the seed decides all of them. */
export function* grammarPairs(seed: number): Generator<SentencePair> {
  const key = foldIn(randomKey(seed), "grammar");
  for (let index = 0; ; index += 1) {
    const sentence = drawSentence(diceFor(key, index));
    const source = capitalize(germanSentence(sentence));
    const target = capitalize(englishSentence(sentence));
    if (source.length <= LONGEST && target.length <= LONGEST) yield { source, target };
  }
}

/** Whether a pair is for evaluation only: about one in fifty, by a hash of its source. */
export const heldOut = ({ source }: SentencePair): boolean =>
  foldIn(randomKey(0), source).low % 50 === 0;

const capitalize = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

interface Dice {
  chance(percent: number): boolean;
  pick<T extends object | string>(items: readonly T[]): T;
}

/** Draws for the sentence `index`: they depend on nothing that was drawn before it. */
function diceFor(key: Key, index: number): Dice {
  let draws = 0;
  const below = (limit: number): number => {
    const [word] = threefry2x32(key, index, draws);
    draws += 1;
    return Math.floor((word / 2 ** 32) * limit);
  };
  return {
    chance: (percent) => below(100) < percent,
    pick(items) {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error("internal: nothing to pick from");
      return item;
    },
  };
}

type Draw = (dice: Dice) => Sentence;

/** A kind that stands here twice is drawn twice as often. */
const KINDS: readonly Draw[] = [
  drawStatement,
  drawStatement,
  drawStatement,
  drawFronted,
  drawFronted,
  drawQuestion,
  drawQuestion,
  drawComplex,
  drawComplex,
  drawReport,
  drawRelative,
];

/** There are not many exclamations, so they come seldom. */
function drawSentence(dice: Dice): Sentence {
  return dice.chance(2) ? drawExclamation(dice) : dice.pick(KINDS)(dice);
}

function drawStatement(dice: Dice): Sentence {
  return { kind: "statement", adverb: undefined, clause: drawClause(dice, drawTense(dice)) };
}

function drawFronted(dice: Dice): Sentence {
  const tense = dice.pick<Tense>(["present", "past", "future"]);
  return { kind: "statement", adverb: dice.pick(ADVERBS[tense]), clause: drawClause(dice, tense) };
}

function drawQuestion(dice: Dice): Sentence {
  const clause = drawClause(dice, drawTense(dice), { asked: true });
  const { predicate } = clause;
  const word = dice.pick(QUESTION_WORDS);
  const isPlaced = predicate.kind === "quality" || predicate.adjuncts.length > 0;
  const fits = word !== WHERE || !isPlaced;
  return { kind: "question", word: fits && dice.chance(60) ? word : undefined, clause };
}

function drawComplex(dice: Dice): Sentence {
  const conjunction = dice.pick(CONJUNCTIONS);
  // "Wenn" with the perfect would be "whenever" or "after", depending on the main clause.
  const tense = conjunction === WHEN ? "present" : drawTense(dice);
  return {
    kind: "complex",
    conjunction,
    subordinate: drawClause(dice, tense, { brief: true }),
    main: drawClause(dice, tense, { brief: true }),
    order: dice.pick(["main first", "subordinate first"] as const),
  };
}

function drawReport(dice: Dice): Sentence {
  return {
    kind: "report",
    subject: drawSubject(dice, DETERMINERS.definite),
    verb: dice.pick(REPORTS),
    clause: drawClause(dice, drawTense(dice), { brief: true }),
  };
}

function drawRelative(dice: Dice): Sentence {
  const subject = drawPhrase(dice, drawNoun(dice, ANIMATE), [DEFINITE]);
  const predicate = drawPredicate(dice, subject, { tense: "present", negated: false, brief: true });
  return { kind: "relative", clause: { subject, predicate, tense: "present", negated: false } };
}

function drawExclamation(dice: Dice): Sentence {
  const noun = drawNoun(dice, ["person", "animal", "text", "food", "thing"]);
  const phrase = drawPhrase(dice, noun, [INDEFINITE]);
  return {
    kind: "exclamation",
    phrase: { ...phrase, adjective: dice.pick(ADJECTIVES[noun.class]) },
  };
}

const drawTense = (dice: Dice): Tense => (dice.chance(30) ? "past" : "present");

interface ClauseOptions {
  /** A question: not negated, and nobody is asked about "no dog". */
  readonly asked?: boolean;
  /** Fewer adjectives and adjuncts, for a clause that shares its sentence with another. */
  readonly brief?: boolean;
}

function drawClause(
  dice: Dice,
  tense: Tense,
  { asked = false, brief = false }: ClauseOptions = {},
): Clause {
  const negated = !asked && dice.chance(20);
  const subject = drawSubject(dice, asked || negated ? DETERMINERS.positive : DETERMINERS.any);
  return {
    subject,
    predicate: drawPredicate(dice, subject, { tense, negated, brief }),
    tense,
    negated,
  };
}

const ANIMATE: readonly NounClass[] = ["person", "animal"];

/** Groups of equal weight, for each role. */
const DETERMINERS = {
  definite: [[DEFINITE], [DEFINITE], POSSESSIVES],
  countless: [[DEFINITE], [DEFINITE], [INDEFINITE], [INDEFINITE], POSSESSIVES],
  positive: [[DEFINITE], [DEFINITE], [DEFINITE], [INDEFINITE], POSSESSIVES, NUMERALS],
  any: [[DEFINITE], [DEFINITE], [DEFINITE], [INDEFINITE], POSSESSIVES, NUMERALS, [NO]],
} as const;

type DeterminerGroups = readonly (readonly Determiner[])[];

function drawSubject(dice: Dice, groups: DeterminerGroups): NounPhrase {
  if (dice.chance(35)) return dice.pick(PRONOUNS);
  return drawPhrase(dice, drawNoun(dice, ANIMATE), dice.pick(groups));
}

interface PredicateOptions {
  readonly tense: Tense;
  readonly negated: boolean;
  readonly brief: boolean;
}

function drawPredicate(
  dice: Dice,
  subject: NounPhrase,
  { tense, negated, brief }: PredicateOptions,
): Predicate {
  if (tense !== "past" && dice.chance(12)) {
    return { kind: "quality", adjective: dice.pick(QUALITIES) };
  }
  const verb = dice.pick(VERBS);
  const modal = tense === "present" && dice.chance(20) ? dice.pick(MODALS) : undefined;

  const drawObject = (classes: readonly NounClass[], groups: DeterminerGroups) => {
    if (classes.length === 0) return undefined;
    const noun = drawNoun(dice, classes, subject);
    const fitting = noun.class === "drink" ? DETERMINERS.countless : groups;
    return drawPhrase(dice, noun, dice.pick(fitting), brief ? 10 : 25);
  };
  const groups = negated ? DETERMINERS.countless : DETERMINERS.positive;
  const isRecipient = verb.accusative.length > 0;
  return {
    kind: "action",
    verb,
    modal,
    dative: drawObject(verb.dative, isRecipient ? DETERMINERS.definite : groups),
    accusative: drawObject(verb.accusative, groups),
    adjuncts: drawAdjuncts(dice, verb, subject, brief),
  };
}

function drawAdjuncts(
  dice: Dice,
  verb: Verb,
  subject: NounPhrase,
  brief: boolean,
): readonly PrepositionalPhrase[] {
  const somebody = () =>
    drawPhrase(dice, drawNoun(dice, ANIMATE, subject), dice.pick(DETERMINERS.countless));

  if (verb.takes === "direction") {
    const place = dice.pick(PLACES.filter(({ whither }) => whither.length > 0));
    const phrase = drawPhrase(dice, place.noun, [DEFINITE], 10, "singular");
    return [{ preposition: dice.pick(place.whither), phrase }];
  }
  if (verb.takes !== "nothing" && dice.chance(30)) {
    return [{ preposition: verb.takes === "company" ? WITH : FOR, phrase: somebody() }];
  }
  if (!dice.chance(brief ? 12 : 30)) return [];
  const { where, noun } = dice.pick(PLACES);
  return [{ preposition: where, phrase: drawPhrase(dice, noun, [DEFINITE], 10, "singular") }];
}

function drawNoun(dice: Dice, classes: readonly NounClass[], except?: NounPhrase): Noun {
  const taken = except?.kind === "common" ? except.noun : undefined;
  return dice.pick(NOUNS.filter((noun) => classes.includes(noun.class) && noun !== taken));
}

function drawPhrase(
  dice: Dice,
  noun: Noun,
  determiners: readonly Determiner[],
  adjectivePercent = 20,
  number: GrammaticalNumber = dice.chance(30) ? "plural" : "singular",
): CommonPhrase {
  const determiner = dice.pick(determiners);
  const described = dice.chance(adjectivePercent);
  return {
    kind: "common",
    determiner,
    adjective: described ? dice.pick(ADJECTIVES[noun.class]) : undefined,
    noun,
    number: numberOf(determiner, noun, number),
  };
}

function numberOf(
  determiner: Determiner,
  noun: Noun,
  wished: GrammaticalNumber,
): GrammaticalNumber {
  if (determiner.kind === "numeral") return "plural";
  return noun.class === "drink" ? "singular" : wished;
}
