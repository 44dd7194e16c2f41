/**
 * @file Tokenizers in Hugging Face's `tokenizer.json` format, run by `@huggingface/tokenizers`.
 *
 * `tokenizer_config.json` and `special_tokens_map.json` name the special tokens where they lie
 * beside it. Unlike transformers before version 5, spaces before punctuation are removed by
 * `decode` only if the configuration asks for it.
 *
 * Ids are those of Hugging Face's own implementation, but for characters newer than the Unicode of
 * this Node.js, and in T5's normalizer, which the package approximates, for U+0085 and for letters
 * with several combining marks.
 */

import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { FormatError } from "../../errors.ts";
import { isObject, type Json, parseObject } from "../../files/json.ts";
import type { FileStore } from "../../host/host.ts";
import { basename, dirname } from "../../host/path.ts";
import { specialToken } from "./special-tokens.ts";
import { fillTemplate, idsBefore, templateOf } from "./template.ts";
import {
  findTokenizer,
  readConfig,
  TOKENIZER_FILE,
  type TokenizerFiles,
} from "./tokenizer-files.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { wordEncoder } from "./word-encoder.ts";

/** Tokens by their role, where no configuration names one. */
const USUAL_TOKENS = {
  eos_token: ["<|endoftext|>", "</s>"],
  mask_token: ["[MASK]", "<mask>"],
  pad_token: [],
} as const;

type Role = keyof typeof USUAL_TOKENS;

/** The part of the package's class in use; its own declarations do not resolve under nodenext. */
interface Engine {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: (number | undefined)[] };
  decode(
    ids: number[],
    options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean },
  ): string;
  token_to_id(token: string): number | undefined;
  id_to_token(id: number): string | undefined;
  get_vocab(): Map<string, number>;
}

/**
 * The tokenizer in a `tokenizer.json`, or in a directory that holds one.
 *
 * @throws {UsageError} if there is no such file.
 * @throws {FormatError} if it is not a tokenizer, or names tokens that it does not have.
 */
export async function loadTokenizer(store: FileStore, path: string): Promise<Tokenizer> {
  const found = await findTokenizer(store, path);
  const name = basename(store.absolute(dirname(found.path)));
  return createTokenizer(found.files, { name, path: found.path });
}

export interface TokenizerOrigin {
  readonly name: string;
  /** Of the tokenizer.json, for messages. */
  readonly path: string;
}

/**
 * The tokenizer that files describe; a `tokenizer.json` must be among them.
 *
 * @throws {FormatError} if they are no tokenizer, or name tokens that it does not have.
 */
export function createTokenizer(files: TokenizerFiles, { name, path }: TokenizerOrigin): Tokenizer {
  const tokenizer = parseObject(path, files.get(TOKENIZER_FILE) ?? "");
  const config = readConfig(files, dirname(path));
  const words = wordEncoder(tokenizer, config);
  const engine = createEngine(path, words.tokenizer, config);
  const template = templateOf(path, tokenizer);
  const before = idsBefore(template);
  const cleanUp = config["clean_up_tokenization_spaces"] === true;

  const endOfText = requiredId(engine, config, "eos_token", path);
  const pad = requiredId(engine, config, "pad_token", path);
  const encodeIds = words.wrap((text) =>
    engine.encode(text, { add_special_tokens: false }).ids.map((id) => id ?? unknownPiece(path)),
  );
  const encode = (text: string) => Int32Array.from(encodeIds(text));
  return {
    name,
    vocabularySize: [...engine.get_vocab().values()].reduce((max, id) => Math.max(max, id), -1) + 1,
    startOfText: before[0],
    endOfText,
    pad: pad ?? endOfText ?? 0,
    mask: roleId(engine, config, "mask_token"),
    unknown: unknownId(engine, tokenizer["model"]),
    specialTokens: specialIds(tokenizer),

    encode,
    encodePrompt: (text) => Int32Array.from([...before, ...encodeIds(text)]),
    encodeWithSpecialTokens: (...texts) =>
      fillTemplate(template, texts.filter((text) => text !== undefined).map(encode)),

    decode(ids) {
      const known = [...ids].filter((id) => engine.id_to_token(id) !== undefined);
      if (known.length === 0) return "";
      const options = { skip_special_tokens: true, clean_up_tokenization_spaces: cleanUp };
      return engine.decode(known, options);
    },

    files,
  };
}

function createEngine(path: string, tokenizer: Json, config: Json): Engine {
  try {
    return new HuggingFaceTokenizer(tokenizer, config);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FormatError(path, `not a tokenizer that can be run; got ${reason}`, { cause });
  }
}

/** The id of the token that the configuration gives a role, or that usually has it. */
function roleId(engine: Engine, config: Json, role: Role): number | undefined {
  const token = specialToken(config, role);
  const tokens: readonly string[] = token === undefined ? USUAL_TOKENS[role] : [token];
  return tokens.map((each) => engine.token_to_id(each)).find((id) => id !== undefined);
}

/** The same; a token that is named must exist. */
function requiredId(engine: Engine, config: Json, role: Role, path: string): number | undefined {
  const id = roleId(engine, config, role);
  const token = specialToken(config, role);
  if (id !== undefined || token === undefined) return id;
  throw new FormatError(path, `the ${role} of its configuration is no token; got "${token}"`);
}

/** What the model itself writes for pieces that it does not know. */
function unknownId(engine: Engine, model: unknown): number | undefined {
  if (!isObject(model)) return undefined;
  const { unk_id: id, unk_token: token } = model;
  if (typeof id === "number") return id;
  return typeof token === "string" ? engine.token_to_id(token) : undefined;
}

function specialIds({ added_tokens: added }: Json): ReadonlySet<number> {
  const tokens = Array.isArray(added)
    ? added.filter(isObject).filter(({ special }) => special)
    : [];
  return new Set(tokens.map(({ id }) => id).filter((id) => typeof id === "number"));
}

function unknownPiece(path: string): never {
  throw new FormatError(path, "a piece of the text is no token, and there is no unknown token");
}
