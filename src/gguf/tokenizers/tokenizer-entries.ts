/**
 * @file A tokenizer.json as the metadata of GGUF: the other way of tokenizer.ts. Scores are the order of the merges, from 0 down.
 */

import { FormatError, UsageError } from "../../errors.ts";
import { isObject, type Json } from "../../files/json.ts";
import type { GgufEntry } from "../write.ts";
import { nameOfPreTokenization } from "./pre-tokenizers.ts";
import { MARK, ROLES, TOKEN_TYPES } from "./tokenizer.ts";

/** A tokenizer that is to be written. */
export interface WritableTokenizer {
  /** Its tokenizer.json, and where it lies, for messages. */
  readonly tokenizer: Json;
  readonly path: string;
  /** Special tokens by their roles in tokenizer_config.json. */
  readonly named: Readonly<Record<string, string>>;
  /** Whether texts begin and end with special tokens. */
  readonly addsStart: boolean;
  readonly addsEnd: boolean;
  /** Tokens that end an answer, besides the one that ends a text. */
  readonly furtherEnds: readonly number[];
  /** Chat templates by name; "default" is that which is meant where none is named. */
  readonly templates: ReadonlyMap<string, string>;
  /** V of the model: there may be rows without tokens. */
  readonly rows: number;
}

/**
 * @throws {UsageError} if llama.cpp has no code for such a tokenizer.
 * @throws {FormatError} if it is no tokenizer.json.
 */
export function tokenizerEntries(given: WritableTokenizer): Readonly<Record<string, GgufEntry>> {
  const { tokenizer, path, named, addsStart, addsEnd, rows, furtherEnds } = given;
  const { model } = tokenizer;
  const parts = isObject(model) ? model : {};
  const { vocab } = parts;
  if (!isObject(vocab) || !Array.isArray(parts["merges"])) {
    const type = JSON.stringify(parts["type"] ?? null);
    throw new UsageError(
      `${path}: tokenizers that GGUF is written of are of type BPE; got ${type}`,
      {
        hint: "export it as onnx or safetensors",
      },
    );
  }
  const merges = parts["merges"].map((merge: unknown) => halvesOf(path, merge));
  const added = addedTokens(tokenizer);
  const tokens = tokensOf(path, vocab, added, rows);
  const isMarked = parts["byte_fallback"] === true;
  const unknown = typeof parts["unk_token"] === "string" ? parts["unk_token"] : named["unk_token"];
  const types = tokens.map((token) => typeOf(token, { added, isMarked, unknown }));
  const ids = new Map(tokens.map((token, id) => [token, id] as const));
  const roles = Object.entries(ROLES).flatMap(([role, name]) => {
    const id = ids.get(role === "unk_token" ? (unknown ?? "") : (named[role] ?? ""));
    return id === undefined ? [] : [[key(`${name}_token_id`), id] as const];
  });
  const [answerEnd] = furtherEnds;
  return {
    ...(isMarked ? markedEntries(given, tokens, merges) : byteEntries(given, merges)),
    [key("tokens")]: tokens,
    [key("token_type")]: { integers: types },
    ...Object.fromEntries(roles),
    ...(answerEnd !== undefined && { [key("eot_token_id")]: answerEnd }),
    [key("add_bos_token")]: addsStart,
    [key("add_eos_token")]: addsEnd,
    ...templateEntries(given.templates),
  };
}

const key = (name: string): string => `tokenizer.ggml.${name}`;

type Halves = readonly [left: string, right: string];

function halvesOf(path: string, merge: unknown): Halves {
  const halves: readonly unknown[] =
    typeof merge === "string" ? merge.split(" ") : Array.isArray(merge) ? merge : [];
  const [left, right] = halves;
  if (typeof left === "string" && typeof right === "string") return [left, right];
  throw new FormatError(path, `a merge is not of two tokens; got ${JSON.stringify(merge)}`);
}

/** Whether each added token is special, by its content; and its id. */
function addedTokens(
  tokenizer: Json,
): ReadonlyMap<string, { readonly id: number; readonly isSpecial: boolean }> {
  const { added_tokens: listed } = tokenizer;
  return new Map(
    (Array.isArray(listed) ? listed : []).filter(isObject).flatMap((entry) => {
      const { id, content, special } = entry;
      if (typeof id !== "number" || typeof content !== "string") return [];
      return [[content, { id, isSpecial: special === true }] as const];
    }),
  );
}

type Added = ReturnType<typeof addedTokens>;

/** By their ids; rows without a token get one that no text has. */
function tokensOf(path: string, vocab: Json, added: Added, rows: number): readonly string[] {
  const tokens = Array.from({ length: rows }, (_, id) => `[PAD${id}]`);
  const put = (token: string, id: unknown): void => {
    if (typeof id !== "number" || id >= rows) {
      throw new UsageError(`${path}: the model has ${rows} tokens; got ${token} as ${String(id)}`);
    }
    tokens[id] = token;
  };
  for (const [token, id] of Object.entries(vocab)) put(token, id);
  for (const [token, { id }] of added) put(token, id);
  return tokens;
}

function typeOf(
  token: string,
  {
    added,
    isMarked,
    unknown,
  }: { readonly added: Added; readonly isMarked: boolean; readonly unknown: string | undefined },
): number {
  if (token === unknown) return TOKEN_TYPES.unknown;
  const known = added.get(token);
  if (known) return known.isSpecial ? TOKEN_TYPES.control : TOKEN_TYPES.userDefined;
  if (/^\[PAD\d+\]$/.test(token)) return TOKEN_TYPES.unused;
  return isMarked && /^<0x[0-9A-F]{2}>$/.test(token) ? TOKEN_TYPES.byte : TOKEN_TYPES.normal;
}

function byteEntries({ tokenizer, path }: WritableTokenizer, merges: readonly Halves[]) {
  const { normalizer, pre_tokenizer: split, model } = tokenizer;
  const ignoresMerges = isObject(model) && model["ignore_merges"] === true;
  const pre = nameOfPreTokenization({ normalizer, preTokenizer: split, ignoresMerges });
  if (pre === undefined) throw unsaid(path, "the way it splits texts into pieces");
  return {
    [key("model")]: "gpt2",
    [key("pre")]: pre,
    [key("merges")]: merges.map((halves) => halves.join(" ")),
  };
}

function markedEntries(
  { tokenizer, path }: WritableTokenizer,
  tokens: readonly string[],
  merges: readonly Halves[],
) {
  const scores = new Map<string, number>();
  for (const [rank, [left, right]] of merges.entries()) {
    const token = left + right;
    if (!scores.has(token)) scores.set(token, -rank);
  }
  const prepends = prependsMark(tokenizer);
  if (prepends === undefined) throw unsaid(path, "the way it writes spaces");
  return {
    [key("model")]: "llama",
    [key("pre")]: "default",
    [key("scores")]: { floats: tokens.map((token) => scores.get(token) ?? -merges.length) },
    [key("add_space_prefix")]: prepends,
  };
}

/** Whether a text begins with a mark of its own; undefined if it is written otherwise. */
function prependsMark({ normalizer, pre_tokenizer: split }: Json): boolean | undefined {
  if (isObject(split) && !(splitsAtSpaces(split) && normalizer)) {
    const isMetaspace = split["type"] === "Metaspace" && split["replacement"] === MARK;
    return isMetaspace && !normalizer && split["split"] === false
      ? (split["prepend_scheme"] ?? "always") !== "never"
      : undefined;
  }
  const listed = isObject(normalizer) ? (normalizer["normalizers"] ?? [normalizer]) : [];
  const steps = Array.isArray(listed) ? listed.filter(isObject).map(({ type }) => type) : [];
  if (steps.join() === "Prepend,Replace") return true;
  return steps.join() === "Replace" ? false : undefined;
}

/** As Gemma's does, where all spaces are marks by then. */
const splitsAtSpaces = ({ type, pattern }: Json): boolean =>
  type === "Split" && isObject(pattern) && pattern["String"] === " ";

const unsaid = (path: string, what: string): UsageError =>
  new UsageError(`${path}: GGUF has no word for ${what}`, {
    hint: "export it as onnx or safetensors",
  });

function templateEntries(
  templates: ReadonlyMap<string, string>,
): Readonly<Record<string, GgufEntry>> {
  const usual = templates.get("default");
  const further = [...templates].filter(([name]) => name !== "default");
  return {
    ...(usual !== undefined && { "tokenizer.chat_template": usual }),
    ...(further.length > 0 && { "tokenizer.chat_templates": further.map(([name]) => name) }),
    ...Object.fromEntries(
      further.map(([name, source]) => [`tokenizer.chat_template.${name}`, source]),
    ),
  };
}
