/**
 * @file How texts are split before byte pairs are merged, by `tokenizer.ggml.pre`: the parts of a tokenizer.json that llama.cpp has
 * code for instead (`llama-vocab.cpp`).
 */

import { FormatError } from "../../errors.ts";
import type { Json } from "../../files/json.ts";

/** The parts of a tokenizer.json that a name stands for. */
export interface PreTokenization {
  readonly normalizer: Json | null;
  readonly preTokenizer: Json;
  /** A piece that is a token is that token, whatever the merges say. */
  readonly ignoresMerges: boolean;
  /** Where the metadata does not say whether texts begin with the first token. */
  readonly addsStart: boolean;
}

const byteLevel = (splits: boolean): Json => ({
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: splits,
});

const inTurn = (...steps: readonly Json[]): Json => ({ type: "Sequence", pretokenizers: steps });

/** Pieces that an expression of Oniguruma matches. */
const pieces = (expression: string): Json =>
  inTurn(
    { type: "Split", pattern: { Regex: expression }, behavior: "Isolated", invert: false },
    byteLevel(false),
  );

/** Words with what stands before them, and numbers of at most so many digits. */
const words = (number: string): string =>
  [
    String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)`,
    String.raw`[^\r\n\p{L}\p{N}]?\p{L}+`,
    number,
    String.raw` ?[^\s\p{L}\p{N}]+[\r\n]*`,
    String.raw`\s*[\r\n]+`,
    String.raw`\s+(?!\S)`,
    String.raw`\s+`,
  ].join("|");

const plain = { normalizer: null, ignoresMerges: false, addsStart: false } as const;

const GPT_2: PreTokenization = { ...plain, preTokenizer: byteLevel(true) };

/** As GPT-2, but every digit is by itself. */
const SINGLE_DIGITS: PreTokenization = {
  ...plain,
  preTokenizer: inTurn({ type: "Digits", individual_digits: true }, byteLevel(true)),
};

const LLAMA_3: PreTokenization = {
  ...plain,
  preTokenizer: pieces(words(String.raw`\p{N}{1,3}`)),
  ignoresMerges: true,
  addsStart: true,
};

/** The split of Llama 3; of SmolLM3 and OLMo 2. */
const LIKE_LLAMA_3: PreTokenization = { ...LLAMA_3, ignoresMerges: false, addsStart: false };

const QWEN_2: PreTokenization = {
  ...plain,
  normalizer: { type: "NFC" },
  preTokenizer: pieces(words(String.raw`\p{N}`)),
};

const BY_NAME: Readonly<Record<string, PreTokenization>> = {
  "gpt-2": GPT_2,
  "phi-2": GPT_2,
  "llama-bpe": LLAMA_3,
  llama3: LLAMA_3,
  "llama-v3": LLAMA_3,
  "smaug-bpe": LIKE_LLAMA_3,
  dbrx: LIKE_LLAMA_3,
  qwen2: QWEN_2,
  "deepseek-r1-qwen": QWEN_2,
  smollm: SINGLE_DIGITS,
  starcoder: SINGLE_DIGITS,
  refact: SINGLE_DIGITS,
  "command-r": SINGLE_DIGITS,
  codeshell: SINGLE_DIGITS,
};

/** @throws {FormatError} naming one that is not known. */
export function preTokenization(path: string, name: string): PreTokenization {
  const found = BY_NAME[name];
  if (found) return found;
  const known = Object.keys(BY_NAME).join(", ");
  throw new FormatError(
    path,
    `tokenizer.ggml.pre: pre-tokenizers that are read are ${known}; got ${name}`,
  );
}

/** The name for the parts of a tokenizer.json; undefined where llama.cpp has no code for them. */
export function nameOfPreTokenization(parts: {
  readonly normalizer: unknown;
  readonly preTokenizer: unknown;
  readonly ignoresMerges: boolean;
}): string | undefined {
  const wanted = canonical(parts);
  const found = Object.entries(BY_NAME).find(([, each]) => canonical(each) === wanted);
  return found?.[0];
}

/** The values of fields where they are absent, and those that change no ids. */
const NEUTRAL: Readonly<Record<string, unknown>> = { use_regex: true, invert: false };

/** What decides about ids, in one spelling. */
const canonical = ({
  normalizer,
  preTokenizer,
  ignoresMerges,
}: Parameters<typeof nameOfPreTokenization>[0]): string =>
  JSON.stringify([normalizer ?? null, preTokenizer, ignoresMerges], (name, field: unknown) => {
    if (name === "trim_offsets" || NEUTRAL[name] === field) return undefined;
    if (typeof field !== "object" || field === null || Array.isArray(field)) return field;
    return Object.fromEntries(Object.entries(field).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
