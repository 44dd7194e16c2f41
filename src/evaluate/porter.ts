/**
 * @file The stem of an English word: M. F. Porter, "An algorithm for suffix stripping", Program
 * 14(3), 1980, with the departures of NLTK's PorterStemmer in its default mode (NLTK_EXTENSIONS,
 * checked against NLTK 3.10.4), which rouge-score uses. Each is marked "NLTK" below.
 *
 *   c   a letter other than a, e, i, o, u, and other than y after a consonant;  v  any other letter
 *   m   of [C](VC)ᵐ[V], the form of every word: how often a consonant follows a vowel
 *   *v* the stem has a vowel
 *   *d  the stem ends in a double consonant
 *   *o  the stem ends in cvc, and not in w, x or y
 *
 * A rule "(condition) S1 -> S2" replaces the suffix S1 if what stands before it, the stem, meets the
 * condition. In a list of rules the first whose suffix fits decides, even if its condition fails.
 */

/** The stem of a word in lower case; digits count as consonants. */
export function porterStem(word: string): string {
  const irregular = IRREGULAR.get(word);
  if (irregular !== undefined) return irregular;
  // NLTK and Porter's own later programs: words of one or two letters stay.
  if (word.length <= 2) return word;
  return STEPS.reduce((rest, step) => step(rest), word);
}

/** NLTK: words that the rules would take wrongly. */
const IRREGULAR: ReadonlyMap<string, string> = new Map([
  ["sky", "sky"],
  ["skies", "sky"],
  ["dying", "die"],
  ["lying", "lie"],
  ["tying", "tie"],
  ["news", "news"],
  ["inning", "inning"],
  ["innings", "inning"],
  ["outing", "outing"],
  ["outings", "outing"],
  ["canning", "canning"],
  ["cannings", "canning"],
  ["howe", "howe"],
  ["proceed", "proceed"],
  ["exceed", "exceed"],
  ["succeed", "succeed"],
]);

/** Letters as c and v. */
function shapeOf(word: string): string {
  let shape = "";
  for (const letter of word) {
    const vowel = letter === "y" ? shape.endsWith("c") : "aeiou".includes(letter);
    shape += vowel ? "v" : "c";
  }
  return shape;
}

const measure = (stem: string): number => shapeOf(stem).split("vc").length - 1;
const hasVowel = (stem: string): boolean => shapeOf(stem).includes("v");
const endsInConsonant = (stem: string): boolean => shapeOf(stem).endsWith("c");
const endsInDouble = (stem: string): boolean => /(.)\1$/.test(stem) && endsInConsonant(stem);

/** NLTK: vc as a whole stem is *o too, whatever the consonant, so that "using" gives "use". */
function endsInCvc(stem: string): boolean {
  const shape = shapeOf(stem);
  return shape === "vc" || (shape.endsWith("cvc") && !/[wxy]$/.test(stem));
}

type Condition = (stem: string) => boolean;
/** Suffix, replacement, and a condition where it is not that of the whole list. */
type Rule = readonly [string, string, Condition?];

const measures =
  (least: number): Condition =>
  (stem) =>
    measure(stem) >= least;
const always: Condition = () => true;

function applyFirst(word: string, rules: readonly Rule[], shared: Condition): string {
  for (const [suffix, replacement, condition = shared] of rules) {
    if (!word.endsWith(suffix)) continue;
    const stem = word.slice(0, word.length - suffix.length);
    return condition(stem) ? stem + replacement : word;
  }
  return word;
}

/** Plurals: caresses -> caress, ponies -> poni, cats -> cat. */
function step1a(word: string): string {
  // NLTK: ties -> tie, but flies -> fli.
  if (word.length === 4 && word.endsWith("ies")) return word.slice(0, -1);
  const rules: readonly Rule[] = [
    ["sses", "ss"],
    ["ies", "i"],
    ["ss", "ss"],
    ["s", ""],
  ];
  return applyFirst(word, rules, always);
}

/** Past tenses and -ing: agreed -> agree, plastered -> plaster, motoring -> motor. */
function step1b(word: string): string {
  // NLTK: died -> die, but spied -> spi.
  if (word.endsWith("ied")) return word.slice(0, word.length === 4 ? -1 : -2);
  if (word.endsWith("eed")) return applyFirst(word, [["eed", "ee"]], measures(1));
  const ending = /(?:ed|ing)$/.exec(word);
  if (ending === null) return word;
  const stem = word.slice(0, ending.index);
  return hasVowel(stem) ? restored(stem) : word;
}

/** After step 1b: conflat(ed) -> conflate, hopp(ing) -> hop, fil(ing) -> file. */
function restored(stem: string): string {
  if (/(?:at|bl|iz)$/.test(stem)) return `${stem}e`;
  if (endsInDouble(stem)) return /[lsz]$/.test(stem) ? stem : stem.slice(0, -1);
  return measure(stem) === 1 && endsInCvc(stem) ? `${stem}e` : stem;
}

/** NLTK: only after a consonant that is not the whole stem, where Porter has *v*: enjoy stays. */
const step1c = (word: string): string =>
  applyFirst(word, [["y", "i"]], (stem) => stem.length > 1 && endsInConsonant(stem));

/** Double suffixes, m > 0: relational -> relate. */
const STEP_2: readonly Rule[] = [
  ["ational", "ate"],
  ["tional", "tion"],
  ["enci", "ence"],
  ["anci", "ance"],
  ["izer", "ize"],
  // NLTK, as Porter's own later programs: bli, where the paper has abli -> able.
  ["bli", "ble"],
  ["entli", "ent"],
  ["eli", "e"],
  ["ousli", "ous"],
  ["ization", "ize"],
  ["ation", "ate"],
  ["ator", "ate"],
  ["alism", "al"],
  ["iveness", "ive"],
  ["fulness", "ful"],
  ["ousness", "ous"],
  ["aliti", "al"],
  ["iviti", "ive"],
  ["biliti", "ble"],
  // NLTK: not in the paper.
  ["fulli", "ful"],
  // NLTK: Porter's later rule, but with the l counted to the stem: geologi -> geolog.
  ["logi", "log", (stem) => measure(`${stem}l`) > 0],
];

function step2(word: string): string {
  // NLTK: what alli -> al leaves goes through step 2 again.
  const shorter = applyFirst(word, [["alli", "al"]], measures(1));
  return shorter === word ? applyFirst(word, STEP_2, measures(1)) : step2(shorter);
}

/** m > 0: triplicate -> triplic, hopeful -> hope. */
const STEP_3: readonly Rule[] = [
  ["icate", "ic"],
  ["ative", ""],
  ["alize", "al"],
  ["iciti", "ic"],
  ["ical", "ic"],
  ["ful", ""],
  ["ness", ""],
];

const step3 = (word: string): string => applyFirst(word, STEP_3, measures(1));

/** m > 1: revival -> reviv, adoption -> adopt. */
const STEP_4: readonly Rule[] =
  "al ance ence er ic able ible ant ement ment ent ou ism ate iti ous ive ize"
    .split(" ")
    .map((suffix) => [suffix, ""]);

const ION: Rule = ["ion", "", (stem) => measure(stem) > 1 && /[st]$/.test(stem)];

const step4 = (word: string): string => applyFirst(word, [...STEP_4, ION], measures(2));

/** probate -> probat, cease -> ceas, but rate stays. */
const step5a = (word: string): string =>
  applyFirst(word, [["e", ""]], (stem) => {
    const m = measure(stem);
    return m > 1 || (m === 1 && !endsInCvc(stem));
  });

/** controll -> control, but roll stays. */
const step5b = (word: string): string =>
  applyFirst(word, [["ll", "l"]], (stem) => measure(`${stem}l`) > 1);

const STEPS = [step1a, step1b, step1c, step2, step3, step4, step5a, step5b] as const;
