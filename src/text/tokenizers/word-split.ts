/**
 * @file How texts fall into words that become tokens by themselves, for the tokenizers that have such.
 *
 *   byte-level  the pre-tokenizer's pieces (GPT-2, Llama 3, Qwen)
 *   spaced      what stands between white space (BERT, T5)
 *   marked      a space, written ▁, begins a word, and no token goes on after it (Llama 2, Gemma)
 *
 * The ids of a text are those of its words in order. Where a tokenizer is not of a form that is
 * known here, its texts are one word.
 */

import { Tokenizer } from "@huggingface/tokenizers";
import { isObject, type Json } from "../../files/json.ts";
import { words } from "./words.ts";

export interface WordSplit {
  /** The tokenizer.json to encode one word with. */
  readonly tokenizer: Json;
  /** The words of a stretch, not empty, that begins its text or follows a special token. */
  split(stretch: string, place: { readonly isFirst: boolean }): Iterable<string>;
}

/** The words of this tokenizer, or undefined if it has none that are known. */
export function wordSplit(tokenizer: Json, config: Json): WordSplit | undefined {
  // The package changes whole texts before it looks at anything else.
  if (config["remove_space"] || config["do_lowercase_and_remove_accent"]) return undefined;
  for (const form of [byteLevel, spaced, prepended, marked]) {
    const found = form(tokenizer);
    if (found) return found;
  }
  return undefined;
}

type Form = (tokenizer: Json) => WordSplit | undefined;
type Cut = (text: string) => Iterable<string>;

/** Byte-level BPE: pieces of the text as it is, or in its composed form. */
const byteLevel: Form = (tokenizer) => {
  const { normalizer, model } = tokenizer;
  const steps = stepsOf(tokenizer["pre_tokenizer"]);
  const last = steps.at(-1);
  const composes = typeOf(normalizer) === "NFC";
  if (normalizer && (!composes || normalizedTokens(tokenizer).length > 0)) return undefined;
  if (!isBpe(model) || model["fuse_unk"] || typeOf(last) !== "ByteLevel") return undefined;
  if (last?.["add_prefix_space"]) return undefined;
  const cuts = steps.slice(0, -1).map(cutOf);
  if (last?.["use_regex"] !== false) cuts.push(words);
  const known = cuts.filter((cut) => cut !== undefined);
  if (known.length < cuts.length) return undefined;
  return {
    tokenizer: { ...tokenizer, normalizer: null, pre_tokenizer: { ...last, use_regex: false } },
    split: (stretch) =>
      known.reduce<Iterable<string>>(
        (parts, cut) => flatMap(parts, cut),
        [composes ? stretch.normalize("NFC") : stretch],
      ),
  };
};

/** BERT and T5: no step looks past white space, and it leaves no trace. */
const spaced: Form = (tokenizer) => {
  const { normalizer, model } = tokenizer;
  const steps = stepsOf(tokenizer["pre_tokenizer"]);
  const form = [typeOf(normalizer), ...steps.map(typeOf), typeOf(model)].join();
  const isBert = form === "BertNormalizer,BertPreTokenizer,WordPiece";
  const isT5 = form === "Precompiled,WhitespaceSplit,Metaspace,Unigram";
  if (isBert && isObject(model) && !model["fuse_unk"]) {
    const lowercase = isObject(normalizer) && normalizer["lowercase"] === true;
    return {
      tokenizer,
      // JavaScript would lower a capital sigma to one of two letters, by its neighbours.
      split: (stretch) => between(lowercase ? stretch.replaceAll("Σ", "σ") : stretch),
    };
  }
  // Unknown pieces are joined, which ends at a word if it begins with a known one.
  const begins = steps[1]?.["prepend_scheme"] ?? "always";
  const isMarked = isObject(model) && pieces(model).includes("▁") && begins === "always";
  return isT5 && isMarked ? { tokenizer, split: between } : undefined;
};

/** Llama 2 as first converted: its normalizer puts ▁ before a stretch and for every space. */
const prepended: Form = (tokenizer) => {
  const { normalizer, pre_tokenizer: split, model } = tokenizer;
  const [prepend, replace, ...others] = stepsOf(normalizer);
  const isPrepending = typeOf(prepend) === "Prepend" && prepend?.["prepend"] === "▁";
  if (!isPrepending || !marksSpaces(replace) || others.length > 0 || split) return undefined;
  if (!isMarkedBpe(model)) return undefined;
  // Only after a space are these special, and words would hide the space.
  const special = normalizedTokens(tokenizer);
  return {
    tokenizer,
    split(stretch) {
      if (special.some((token) => stretch.includes(token))) return [stretch];
      // The normalizer gives every word the ▁ that its first space would be.
      const found = stretch.match(WORDS_AFTER_SPACES) ?? [];
      return found.map((word, i) => (i > 0 ? word.slice(1) : word));
    },
  };
};

/** Llama 2, Mistral and Gemma since: spaces become ▁ in the pre-tokenizer or the normalizer. */
const marked: Form = (tokenizer) => {
  const { normalizer, pre_tokenizer: split, model } = tokenizer;
  const scheme = markScheme(normalizer, split);
  if (scheme === undefined || !isMarkedBpe(model)) return undefined;
  return {
    tokenizer: { ...tokenizer, normalizer: null, pre_tokenizer: null },
    split: (stretch, { isFirst }) => {
      const text = stretch.replaceAll(" ", "▁");
      const isMissing =
        !text.startsWith("▁") && (scheme === "always" || (scheme === "first" && isFirst));
      return (isMissing ? `▁${text}` : text).match(WORDS_AFTER_SPACES) ?? [];
    },
  };
};

/** Where a stretch gets a ▁ that it does not have; undefined if it is another kind of tokenizer. */
function markScheme(normalizer: unknown, split: unknown): string | undefined {
  if (marksSpaces(normalizer)) {
    const finds =
      isObject(split) && isObject(split["pattern"]) ? split["pattern"]["String"] : undefined;
    return !split || (typeOf(split) === "Split" && finds === " ") ? "never" : undefined;
  }
  if (normalizer || !isObject(split) || split["type"] !== "Metaspace") return undefined;
  const { split: splits, replacement, prepend_scheme: scheme } = split;
  return splits === false && replacement === "▁" && typeof scheme === "string" ? scheme : undefined;
}

const marksSpaces = (step: unknown): boolean =>
  isObject(step) &&
  step["type"] === "Replace" &&
  step["content"] === "▁" &&
  isObject(step["pattern"]) &&
  step["pattern"]["String"] === " ";

/** Spaces and what follows them; those at the end belong to the last word. */
const WORDS_AFTER_SPACES = /[ ▁]*[^ ▁]+(?:[ ▁]+$)?|^[ ▁]+$/g;

/** Whether no token goes on after a space, and every character is some token. */
function isMarkedBpe(model: unknown): boolean {
  if (!isBpe(model) || !model["byte_fallback"] || !isObject(model["vocab"])) return false;
  const vocabulary = model["vocab"];
  const bytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
  return (
    !model["ignore_merges"] &&
    !model["end_of_word_suffix"] &&
    bytes.every((byte) => Object.hasOwn(vocabulary, `<0x${byte.toUpperCase()}>`)) &&
    !Object.keys(vocabulary).some((token) => /[^▁]▁/.test(token))
  );
}

const isBpe = (model: unknown): model is Json =>
  isObject(model) && (model["type"] ?? "BPE") === "BPE" && Array.isArray(model["merges"]);

/** The added tokens that are looked for in what the normalizer makes of a text. */
const normalizedTokens = ({ added_tokens: added }: Json): readonly string[] =>
  (Array.isArray(added) ? added : [])
    .filter(isObject)
    .filter(isNormalized)
    .map(({ content }) => String(content));

export const isNormalized = ({ normalized, special }: Json): boolean =>
  typeof normalized === "boolean" ? normalized : !special;

/** The pieces of a unigram model. */
const pieces = ({ vocab }: Json): readonly unknown[] =>
  Array.isArray(vocab)
    ? vocab.map((entry: unknown) => (Array.isArray(entry) ? entry[0] : entry))
    : [];

/** The steps of a sequence, or the one step that stands alone. */
function stepsOf(step: unknown): readonly Json[] {
  if (!isObject(step)) return [];
  if (step["type"] !== "Sequence") return [step];
  const steps = step["pretokenizers"] ?? step["normalizers"];
  return Array.isArray(steps) ? steps.filter(isObject) : [];
}

const typeOf = (step: unknown): unknown => (isObject(step) ? step["type"] : undefined);

/**
 * What a step before the last one of a byte-level pre-tokenizer does. Digits are all numbers of
 * Unicode, as in Hugging Face's own implementation; the package takes the ten of ASCII.
 */
function cutOf(step: Json): Cut | undefined {
  if (step["type"] === "Digits") {
    const digits = step["individual_digits"] ? /\p{N}|\P{N}+/gu : /\p{N}+|\P{N}+/gu;
    return (text) => text.match(digits) ?? [];
  }
  const isolates = step["behavior"] === "Isolated" && !step["invert"];
  return step["type"] === "Split" && isolates ? preTokenizer(step) : undefined;
}

/** The package's own step, which it declares nowhere: that of a tokenizer without a vocabulary. */
function preTokenizer(step: Json): Cut {
  const around = { added_tokens: [], normalizer: null, post_processor: null, decoder: null };
  const model = { type: "WordPiece", vocab: {} };
  const { pre_tokenizer: split }: { pre_tokenizer: { pre_tokenize_text(text: string): string[] } } =
    new Tokenizer({ ...around, model, pre_tokenizer: step }, {});
  return (text) => split.pre_tokenize_text(text);
}

function* flatMap(items: Iterable<string>, cut: Cut): Generator<string, void, undefined> {
  for (const item of items) yield* cut(item);
}

const between = (text: string): readonly string[] => text.match(/[^ \t\n\r]+/g) ?? [];
