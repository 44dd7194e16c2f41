/** @file What the story is told with where nothing is given: the fields of SmolLM2-135M, a tokenizer of words, and rows of uneven lengths. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** SmolLM2-135M's config.json. */
export const FIELDS = {
  model_type: "llama",
  vocab_size: 49152,
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  max_position_embeddings: 8192,
  rms_norm_eps: 1e-5,
  rope_theta: 100000,
  tie_word_embeddings: true,
};

/** The folder of a tokenizer whose words are w0, w1, …. */
export function writeTokenizer(folder, vocabulary = FIELDS.vocab_size) {
  mkdirSync(folder, { recursive: true });
  const vocab = Object.fromEntries(Array.from({ length: vocabulary }, (_, i) => [`w${i}`, i]));
  const mark = { id: 0, content: "w0", special: true, single_word: false };
  const tokenizer = {
    version: "1.0",
    added_tokens: [{ ...mark, lstrip: false, rstrip: false, normalized: false }],
    pre_tokenizer: { type: "WhitespaceSplit" },
    model: { type: "WordLevel", vocab, unk_token: "w0" },
  };
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(tokenizer));
  const marks = { eos_token: "w0", pad_token: "w0", unk_token: "w0" };
  writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify(marks));
  return folder;
}

/**
 * 400 rows of a prompt of 4 to 24 words and an answer of 4 to 54, evenly spread: 43 on average. The words are w1, w2, …, or for a model that
 * knows language a few English ones, in a chat.
 */
export function writeRows(path, { isChat }) {
  const next = random();
  const words = isChat
    ? "the dog sees a ball and runs to its house near the old tree where we play".split(" ")
    : Array.from({ length: 5000 }, (_, i) => `w${i + 1}`);
  const text = (length) =>
    Array.from({ length }, () => words[Math.floor(next() * words.length)]).join(" ");
  const rows = Array.from({ length: 400 }, () => {
    const prompt = text(4 + Math.floor(20 * next()));
    const completion = text(4 + Math.floor(50 * next()));
    if (!isChat) return { prompt, completion: ` ${completion}` };
    const messages = [
      { role: "user", content: prompt },
      { role: "assistant", content: completion },
    ];
    return { messages };
  });
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return path;
}

/** Chats that ask for translations, from a folder of multi30k. */
export function writeTranslations(path, folder) {
  const [german, english] = ["val.de", "val.en"].map((name) =>
    readFileSync(join(folder, name), "utf8").trim().split("\n"),
  );
  const rows = german.slice(0, 400).map((text, i) => ({
    messages: [
      { role: "user", content: `Translate into English: ${text}` },
      { role: "assistant", content: english[i] },
    ],
  }));
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return path;
}

/** Rows of so many words, of which half are the answer. */
export function writeEvenRows(path, { count, length, vocabulary }) {
  const next = random();
  const text = (words) =>
    Array.from({ length: words }, () => `w${1 + Math.floor(next() * (vocabulary - 1))}`).join(" ");
  const rows = Array.from({ length: count }, () => ({
    prompt: text(Math.ceil(length / 2)),
    completion: ` ${text(Math.floor(length / 2) - 1)}`,
  }));
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return path;
}

/** Numbers from 0 to 1, the same ones each time. */
function random() {
  let state = 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}
