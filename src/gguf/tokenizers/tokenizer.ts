/**
 * @file The tokenizer in GGUF's metadata as the files that transformers would have: tokenizer.json and tokenizer_config.json.
 *
 *   gpt2    byte pairs with merges, split as `tokenizer.ggml.pre` says
 *   llama   pieces of sentencepiece with scores: of neighbours that are a piece those of the best score are joined first
 */

import { FormatError } from "../../errors.ts";
import type { Json } from "../../files/json.ts";
import type { Metadata } from "../metadata.ts";
import { preTokenization } from "./pre-tokenizers.ts";
import { mergesOfScores } from "./scored-merges.ts";

/** What a token is, by the number in `tokenizer.ggml.token_type`. */
export const TOKEN_TYPES = {
  normal: 1,
  unknown: 2,
  control: 3,
  userDefined: 4,
  unused: 5,
  byte: 6,
} as const;

/** The parts of a tokenizer.json that differ between kinds of tokenizers. */
interface Parts {
  readonly normalizer: Json | null;
  readonly pre_tokenizer: Json | null;
  readonly decoder: Json;
  readonly model: Json;
  readonly addsStart: boolean;
}

interface Vocabulary {
  readonly tokens: readonly string[];
  readonly types: readonly number[];
}

/**
 * The files, content by name.
 *
 * @throws {FormatError} if there is no tokenizer, or one of a kind that is not read.
 */
export function tokenizerFilesOf(metadata: Metadata): ReadonlyMap<string, string> {
  const { path } = metadata;
  const kind = metadata.required(key("model"), metadata.text(key("model")));
  const make = KINDS[kind];
  if (!make) {
    const known = Object.keys(KINDS).join(", ");
    throw new FormatError(
      path,
      `${key("model")}: tokenizers that are read are ${known}; got ${kind}`,
    );
  }
  const tokens = metadata.required(key("tokens"), metadata.texts(key("tokens")));
  const types = metadata.numbers(key("token_type")) ?? tokens.map(() => TOKEN_TYPES.normal);
  const vocabulary = { tokens, types };
  const { addsStart, ...parts } = make(metadata, vocabulary);
  const named = namedTokens(metadata, tokens);
  const start = (metadata.flag(key("add_bos_token")) ?? addsStart) ? named["bos_token"] : undefined;
  const end = metadata.flag(key("add_eos_token")) === true ? named["eos_token"] : undefined;
  const tokenizer = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: addedTokens(vocabulary, Object.values(named)),
    ...parts,
    post_processor: framing(tokens, start, end),
  };
  const config = {
    tokenizer_class: "PreTrainedTokenizerFast",
    ...named,
    ...chatTemplates(metadata),
    clean_up_tokenization_spaces: false,
  };
  return new Map([
    ["tokenizer.json", `${JSON.stringify(tokenizer)}\n`],
    ["tokenizer_config.json", `${JSON.stringify(config, null, 2)}\n`],
  ]);
}

const key = (name: string): string => `tokenizer.ggml.${name}`;

const KINDS: Readonly<Record<string, (metadata: Metadata, vocabulary: Vocabulary) => Parts>> = {
  gpt2(metadata, { tokens }) {
    const pre = metadata.text(key("pre")) ?? "default";
    const { normalizer, preTokenizer, ignoresMerges, addsStart } = preTokenization(
      metadata.path,
      pre,
    );
    return {
      normalizer,
      pre_tokenizer: preTokenizer,
      decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: {
        type: "BPE",
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: ignoresMerges,
        vocab: idsOf(tokens),
        merges: metadata.required(key("merges"), metadata.texts(key("merges"))).map(halvesOf),
      },
      addsStart,
    };
  },

  llama(metadata, { tokens, types }) {
    const scores = metadata.required(key("scores"), metadata.numbers(key("scores")));
    const prepends = metadata.flag(key("add_space_prefix")) ?? true;
    const toMark = { type: "Replace", pattern: { String: " " }, content: MARK };
    const steps = [...(prepends ? [{ type: "Prepend", prepend: MARK }] : []), toMark];
    const joined = tokens.flatMap((token, id) => {
      const isPiece = types[id] === TOKEN_TYPES.normal || types[id] === TOKEN_TYPES.userDefined;
      return isPiece ? [{ token, score: scores[id] ?? 0 }] : [];
    });
    return {
      normalizer: { type: "Sequence", normalizers: steps },
      pre_tokenizer: null,
      decoder: {
        type: "Sequence",
        decoders: [
          { type: "Replace", pattern: { String: MARK }, content: " " },
          { type: "ByteFallback" },
          { type: "Fuse" },
          ...(prepends ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
        ],
      },
      model: {
        type: "BPE",
        dropout: null,
        unk_token: tokens[metadata.number(key("unknown_token_id")) ?? 0],
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: true,
        byte_fallback: true,
        vocab: idsOf(tokens),
        merges: mergesOfScores(joined),
      },
      addsStart: true,
    };
  },
};

/** What sentencepiece writes for a space. */
export const MARK = "▁";

const idsOf = (tokens: readonly string[]): Json =>
  Object.fromEntries(tokens.map((token, id) => [token, id]));

/** "a b" as a pair; a token may begin with a space, though none of the byte-level ones does. */
function halvesOf(merge: string): readonly [string, string] {
  const at = merge.indexOf(" ", 1);
  return [merge.slice(0, at), merge.slice(at + 1)];
}

/** Special tokens by their roles. */
function namedTokens(
  metadata: Metadata,
  tokens: readonly string[],
): Readonly<Record<string, string>> {
  const entries = Object.entries(ROLES).flatMap(([role, name]) => {
    const id = metadata.number(key(`${name}_token_id`));
    const token = id === undefined ? undefined : tokens[id];
    return token === undefined ? [] : [[role, token] as const];
  });
  return Object.fromEntries(entries);
}

/** The names of roles in GGUF, by those in tokenizer_config.json. */
export const ROLES = {
  bos_token: "bos",
  eos_token: "eos",
  unk_token: "unknown",
  pad_token: "padding",
  sep_token: "seperator",
  cls_token: "cls",
  mask_token: "mask",
} as const;

/** The tokens that are found in a text before anything else. */
const addedTokens = ({ tokens, types }: Vocabulary, named: readonly string[]): readonly Json[] =>
  tokens.flatMap((content, id) => {
    const type = types[id];
    const isSpecial =
      type === TOKEN_TYPES.control || type === TOKEN_TYPES.unknown || named.includes(content);
    if (!isSpecial && type !== TOKEN_TYPES.userDefined) return [];
    const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
    return [{ id, content, ...flags, special: isSpecial }];
  });

/** What stands before and after a text. */
function framing(
  tokens: readonly string[],
  start: string | undefined,
  end: string | undefined,
): Json | null {
  const around = [start, end].filter((token) => token !== undefined);
  if (around.length === 0) return null;
  const special = (token: string | undefined, type: number) =>
    token === undefined ? [] : [{ SpecialToken: { id: token, type_id: type } }];
  const text = (id: string, type: number) => [
    ...special(start, type),
    { Sequence: { id, type_id: type } },
    ...special(end, type),
  ];
  return {
    type: "TemplateProcessing",
    single: text("A", 0),
    pair: [...text("A", 0), ...text("B", 1)],
    special_tokens: Object.fromEntries(
      around.map((token) => [token, { id: token, ids: [tokens.indexOf(token)], tokens: [token] }]),
    ),
  };
}

/** The chat template, or all of them where there are several. */
function chatTemplates(metadata: Metadata): Json {
  const usual = metadata.text("tokenizer.chat_template");
  const further = (metadata.texts("tokenizer.chat_templates") ?? []).flatMap((name) => {
    const template = metadata.text(`tokenizer.chat_template.${name}`);
    return template === undefined ? [] : [{ name, template }];
  });
  if (further.length === 0) return usual === undefined ? {} : { chat_template: usual };
  const first = usual === undefined ? [] : [{ name: "default", template: usual }];
  return { chat_template: [...first, ...further] };
}
