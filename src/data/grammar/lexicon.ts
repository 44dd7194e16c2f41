/** @file The words of the grammar; inflected, about 320 German and 220 English forms. */

import type {
  Adjective,
  Determiner,
  Gender,
  Modal,
  Noun,
  NounClass,
  Phrase,
  Preposition,
  Pronoun,
  Tense,
  Verb,
} from "./tree.ts";

type NounRow = readonly [
  gender: Gender,
  singular: string,
  plural: string,
  english: string,
  englishPlural: string,
  oblique?: string,
];

const nouns = (nounClass: NounClass, rows: readonly NounRow[]): readonly Noun[] =>
  rows.map(([gender, singular, plural, english, englishPlural, oblique = singular]) => ({
    class: nounClass,
    gender,
    german: { singular, plural },
    english: { singular: english, plural: englishPlural },
    oblique,
  }));

/** Drinks have no plural, and no indefinite article. */
export const NOUNS: readonly Noun[] = [
  ...nouns("person", [
    ["m", "Mann", "Männer", "man", "men"],
    ["f", "Frau", "Frauen", "woman", "women"],
    ["n", "Kind", "Kinder", "child", "children"],
    ["m", "Junge", "Jungen", "boy", "boys", "Jungen"],
    ["n", "Mädchen", "Mädchen", "girl", "girls"],
    ["m", "Lehrer", "Lehrer", "teacher", "teachers"],
    ["m", "König", "Könige", "king", "kings"],
    ["f", "Hexe", "Hexen", "witch", "witches"],
  ]),
  ...nouns("animal", [
    ["m", "Hund", "Hunde", "dog", "dogs"],
    ["f", "Katze", "Katzen", "cat", "cats"],
    ["m", "Bär", "Bären", "bear", "bears", "Bären"],
    ["m", "Fuchs", "Füchse", "fox", "foxes"],
    ["f", "Maus", "Mäuse", "mouse", "mice"],
    ["n", "Pferd", "Pferde", "horse", "horses"],
    ["m", "Vogel", "Vögel", "bird", "birds"],
  ]),
  ...nouns("text", [
    ["n", "Buch", "Bücher", "book", "books"],
    ["m", "Brief", "Briefe", "letter", "letters"],
  ]),
  ...nouns("food", [
    ["m", "Apfel", "Äpfel", "apple", "apples"],
    ["n", "Ei", "Eier", "egg", "eggs"],
    ["f", "Wurst", "Würste", "sausage", "sausages"],
  ]),
  ...nouns("drink", [
    ["m", "Tee", "", "tea", ""],
    ["f", "Milch", "", "milk", ""],
    ["n", "Wasser", "", "water", ""],
  ]),
  ...nouns("door", [
    ["f", "Tür", "Türen", "door", "doors"],
    ["n", "Fenster", "Fenster", "window", "windows"],
  ]),
  ...nouns("thing", [
    ["m", "Ball", "Bälle", "ball", "balls"],
    ["m", "Hut", "Hüte", "hat", "hats"],
    ["f", "Blume", "Blumen", "flower", "flowers"],
  ]),
];

const adjective = (predicative: string, english: string, stem = predicative): Adjective => ({
  stem,
  predicative,
  english,
});

const OLD = adjective("alt", "old");
const BIG = adjective("groß", "big");
const SMALL = adjective("klein", "small");
const BEAUTIFUL = adjective("schön", "beautiful");
const TIRED = adjective("müde", "tired", "müd");
const FUNNY = adjective("lustig", "funny");
const HUNGRY = adjective("hungrig", "hungry");
const GREEN = adjective("grün", "green");
const RED = adjective("rot", "red");
const SWEET = adjective("süß", "sweet");
const COLD = adjective("kalt", "cold");
const HOT = adjective("heiß", "hot");

/** What may be said of a noun of each class. */
export const ADJECTIVES: Readonly<Record<NounClass, readonly Adjective[]>> = {
  person: [OLD, BIG, SMALL, BEAUTIFUL, TIRED, FUNNY, HUNGRY],
  animal: [OLD, BIG, SMALL, BEAUTIFUL, TIRED, FUNNY, HUNGRY],
  text: [OLD, BIG, SMALL, BEAUTIFUL, FUNNY],
  food: [BIG, SMALL, SWEET, GREEN, RED],
  drink: [SWEET, COLD, HOT],
  door: [OLD, BIG, SMALL, GREEN, RED],
  thing: [OLD, BIG, SMALL, BEAUTIFUL, GREEN, RED],
  place: [OLD, BIG, SMALL, BEAUTIFUL],
};

export const QUALITIES: readonly Adjective[] = [OLD, SMALL, TIRED, FUNNY, HUNGRY];

export const DEFINITE: Determiner = { kind: "definite" };
export const INDEFINITE: Determiner = { kind: "indefinite" };
export const NO: Determiner = { kind: "inflected", german: "kein", english: "no" };
export const POSSESSIVES: readonly Determiner[] = [
  { kind: "inflected", german: "mein", english: "my" },
  { kind: "inflected", german: "unser", english: "our" },
];
export const NUMERALS: readonly Determiner[] = [
  { kind: "numeral", german: "zwei", english: "two" },
  { kind: "numeral", german: "drei", english: "three" },
  { kind: "numeral", german: "fünf", english: "five" },
  { kind: "numeral", german: "zwölf", english: "twelve" },
];

export const PRONOUNS: readonly Pronoun[] = [
  { kind: "pronoun", person: "first", german: "ich", english: "I" },
  { kind: "pronoun", person: "third", german: "er", english: "he" },
  { kind: "pronoun", person: "third", german: "sie", english: "she" },
  { kind: "pronoun", person: "plural", german: "wir", english: "we" },
  { kind: "pronoun", person: "plural", german: "sie", english: "they" },
];

export const IN: Preposition = { german: "in", english: "in", case: "dative" };
export const INTO: Preposition = { german: "in", english: "into", case: "accusative" };
export const ON: Preposition = { german: "auf", english: "on", case: "dative" };
export const ONTO: Preposition = { german: "auf", english: "onto", case: "accusative" };
export const AT: Preposition = { german: "an", english: "at", case: "dative" };
export const THROUGH: Preposition = { german: "durch", english: "through", case: "accusative" };
export const WITH: Preposition = { german: "mit", english: "with", case: "dative" };
export const FOR: Preposition = { german: "für", english: "for", case: "accusative" };

export interface Place {
  readonly noun: Noun;
  readonly where: Preposition;
  readonly whither: readonly Preposition[];
}

const places = (
  where: Preposition,
  whither: readonly Preposition[],
  rows: readonly NounRow[],
): readonly Place[] => nouns("place", rows).map((noun) => ({ noun, where, whither }));

export const PLACES: readonly Place[] = [
  ...places(
    IN,
    [INTO, THROUGH],
    [
      ["m", "Garten", "Gärten", "garden", "gardens"],
      ["m", "Wald", "Wälder", "forest", "forests"],
      ["n", "Haus", "Häuser", "house", "houses"],
      ["n", "Schloss", "Schlösser", "castle", "castles"],
      ["f", "Küche", "Küchen", "kitchen", "kitchens"],
    ],
  ),
  ...places(
    ON,
    [ONTO],
    [
      ["m", "Tisch", "Tische", "table", "tables"],
      ["n", "Dach", "Dächer", "roof", "roofs"],
      ["f", "Straße", "Straßen", "street", "streets"],
    ],
  ),
  ...places(AT, [], [["m", "Fluss", "Flüsse", "river", "rivers"]]),
];

const verb = (
  [first, third, plural, participle]: readonly [string, string, string, string],
  [base, thirdEnglish, past]: readonly [string, string, string],
  rest: Partial<Pick<Verb, "prefix" | "moves" | "accusative" | "dative" | "takes">> = {},
): Verb => ({
  german: { first, third, plural, participle },
  english: { base, third: thirdEnglish, past },
  prefix: "",
  moves: false,
  accusative: [],
  dative: [],
  takes: "nothing",
  ...rest,
});

const ANIMATE: readonly NounClass[] = ["person", "animal"];
const GOODS: readonly NounClass[] = ["text", "food", "thing"];

export const VERBS: readonly Verb[] = [
  verb(["schlafe", "schläft", "schlafen", "geschlafen"], ["sleep", "sleeps", "slept"]),
  verb(["lache", "lacht", "lachen", "gelacht"], ["laugh", "laughs", "laughed"]),
  verb(["singe", "singt", "singen", "gesungen"], ["sing", "sings", "sang"], { takes: "company" }),
  verb(["spiele", "spielt", "spielen", "gespielt"], ["play", "plays", "played"], {
    takes: "company",
  }),
  verb(
    ["schlafe", "schläft", "schlafen", "eingeschlafen"],
    ["fall asleep", "falls asleep", "fell asleep"],
    {
      prefix: "ein",
      moves: true,
    },
  ),
  verb(["wache", "wacht", "wachen", "aufgewacht"], ["wake up", "wakes up", "woke up"], {
    prefix: "auf",
    moves: true,
  }),
  verb(["gehe", "geht", "gehen", "gegangen"], ["go", "goes", "went"], {
    moves: true,
    takes: "direction",
  }),
  verb(["laufe", "läuft", "laufen", "gelaufen"], ["run", "runs", "ran"], {
    moves: true,
    takes: "direction",
  }),
  verb(["lese", "liest", "lesen", "gelesen"], ["read", "reads", "read"], { accusative: ["text"] }),
  verb(["schreibe", "schreibt", "schreiben", "geschrieben"], ["write", "writes", "wrote"], {
    accusative: ["text"],
    takes: "beneficiary",
  }),
  verb(["esse", "isst", "essen", "gegessen"], ["eat", "eats", "ate"], { accusative: ["food"] }),
  verb(["trinke", "trinkt", "trinken", "getrunken"], ["drink", "drinks", "drank"], {
    accusative: ["drink"],
  }),
  verb(["kaufe", "kauft", "kaufen", "gekauft"], ["buy", "buys", "bought"], {
    accusative: [...GOODS, "drink"],
    takes: "beneficiary",
  }),
  verb(["suche", "sucht", "suchen", "gesucht"], ["look for", "looks for", "looked for"], {
    accusative: [...ANIMATE, "drink", "thing"],
  }),
  verb(["finde", "findet", "finden", "gefunden"], ["find", "finds", "found"], {
    accusative: [...ANIMATE, ...GOODS],
  }),
  verb(["sehe", "sieht", "sehen", "gesehen"], ["see", "sees", "saw"], {
    accusative: [...ANIMATE, "door"],
  }),
  verb(["grüße", "grüßt", "grüßen", "gegrüßt"], ["greet", "greets", "greeted"], {
    accusative: ANIMATE,
  }),
  verb(["mache", "macht", "machen", "aufgemacht"], ["open", "opens", "opened"], {
    prefix: "auf",
    accusative: ["door"],
  }),
  verb(["mache", "macht", "machen", "zugemacht"], ["close", "closes", "closed"], {
    prefix: "zu",
    accusative: ["door"],
  }),
  verb(["rufe", "ruft", "rufen", "angerufen"], ["call", "calls", "called"], {
    prefix: "an",
    accusative: ANIMATE,
  }),
  verb(["lade", "lädt", "laden", "eingeladen"], ["invite", "invites", "invited"], {
    prefix: "ein",
    accusative: ANIMATE,
  }),
  verb(["werfe", "wirft", "werfen", "weggeworfen"], ["throw away", "throws away", "threw away"], {
    prefix: "weg",
    accusative: GOODS,
  }),
  verb(["helfe", "hilft", "helfen", "geholfen"], ["help", "helps", "helped"], {
    dative: ANIMATE,
  }),
  verb(["höre", "hört", "hören", "zugehört"], ["listen to", "listens to", "listened to"], {
    prefix: "zu",
    dative: ANIMATE,
  }),
  verb(["gebe", "gibt", "geben", "gegeben"], ["give", "gives", "gave"], {
    accusative: GOODS,
    dative: ANIMATE,
  }),
  verb(["zeige", "zeigt", "zeigen", "gezeigt"], ["show", "shows", "showed"], {
    accusative: [...GOODS, "animal"],
    dative: ["person"],
  }),
];

export const REPORTS: readonly Verb[] = [
  verb(["weiß", "weiß", "wissen", "gewusst"], ["know", "knows", "knew"]),
  verb(["glaube", "glaubt", "glauben", "geglaubt"], ["believe", "believes", "believed"]),
  verb(["sage", "sagt", "sagen", "gesagt"], ["say", "says", "said"]),
];

export const MODALS: readonly Modal[] = [
  {
    german: { first: "kann", third: "kann", plural: "können" },
    english: { base: "can", third: "can", auxiliary: true },
  },
  {
    german: { first: "muss", third: "muss", plural: "müssen" },
    english: { base: "have to", third: "has to", auxiliary: false },
  },
  {
    german: { first: "will", third: "will", plural: "wollen" },
    english: { base: "want to", third: "wants to", auxiliary: false },
  },
];

/** Adverbs stand first; the English ones decide the tense. */
export const ADVERBS: Readonly<Record<Tense, readonly Phrase[]>> = {
  present: [
    { german: "heute", english: "today" },
    { german: "manchmal", english: "sometimes" },
    { german: "jeden Tag", english: "every day" },
    { german: "im Winter", english: "in winter" },
  ],
  past: [
    { german: "gestern", english: "yesterday" },
    { german: "am Montag", english: "on Monday" },
  ],
  future: [
    { german: "morgen", english: "tomorrow" },
    { german: "bald", english: "soon" },
  ],
};

export const WHERE: Phrase = { german: "wo", english: "where" };
export const QUESTION_WORDS: readonly Phrase[] = [
  WHERE,
  { german: "warum", english: "why" },
  { german: "wann", english: "when" },
];

export const WHEN: Phrase = { german: "wenn", english: "when" };
export const CONJUNCTIONS: readonly Phrase[] = [
  WHEN,
  { german: "weil", english: "because" },
  { german: "obwohl", english: "although" },
];
