/**
 * @file Tokenizers in Hugging Face's `tokenizer.json` format, run by `@huggingface/tokenizers`.
 *
 * `tokenizer_config.json` and `special_tokens_map.json` name the special tokens where they lie
 * beside it. Unlike transformers before version 5, spaces before punctuation are removed by
 * `decode` only if the configuration asks for it.
 */

import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { FormatError, UsageError } from "../errors.ts";
import { isObject, type Json, parseObject } from "./json.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { wordEncoder } from "./word-encoder.ts";

const TOKENIZER_FILE = "tokenizer.json";
const COMPANION_FILES = [
  "tokenizer_config.json",
  "special_tokens_map.json",
  "chat_template.jinja",
] as const;

/** Files that hold a tokenizer in another form. */
const OTHER_FORMS = [
  ["vocab.json", "merges.txt"],
  ["spiece.model"],
  ["tokenizer.model"],
  ["vocab.txt"],
] as const;

/** End-of-text tokens where no configuration names one. */
const USUAL_END_OF_TEXT = ["<|endoftext|>", "</s>"] as const;

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
export async function loadTokenizer(path: string): Promise<Tokenizer> {
  const file = await locate(path);
  const folder = dirname(file);
  const content = await readFile(file, "utf8");
  const files = new Map([[TOKENIZER_FILE, content], ...(await readCompanions(folder))]);
  return createTokenizer(files, { name: basename(resolve(folder)), path: file });
}

export interface TokenizerOrigin {
  readonly name: string;
  /** Of the tokenizer.json, for messages. */
  readonly path: string;
}

/**
 * The tokenizer that files describe, content by name; a `tokenizer.json` must be among them.
 *
 * @throws {FormatError} if they are no tokenizer, or name tokens that it does not have.
 */
export function createTokenizer(
  files: ReadonlyMap<string, string>,
  { name, path }: TokenizerOrigin,
): Tokenizer {
  const folder = dirname(path);
  const tokenizer = parseObject(path, files.get(TOKENIZER_FILE) ?? "");
  const config: Json = {
    ...parse(join(folder, "special_tokens_map.json"), files),
    ...parse(join(folder, "tokenizer_config.json"), files),
  };
  const engine = createEngine(path, tokenizer, config);
  const cleanUp = config["clean_up_tokenization_spaces"] === true;
  const endOfText = endOfTextId(engine, config, path);
  const encodeText = (text: string) =>
    engine.encode(text, { add_special_tokens: false }).ids.map((id) => id ?? unknownPiece(path));
  const encode = wordEncoder(encodeText, tokenizer, config);
  return {
    name,
    vocabularySize: [...engine.get_vocab().values()].reduce((max, id) => Math.max(max, id), -1) + 1,
    endOfText,
    pad: configuredId(engine, config, "pad_token", path) ?? endOfText ?? 0,

    encode: (text) => Int32Array.from(encode(text)),

    decode(ids) {
      const known = [...ids].filter((id) => engine.id_to_token(id) !== undefined);
      if (known.length === 0) return "";
      const options = { skip_special_tokens: true, clean_up_tokenization_spaces: cleanUp };
      return engine.decode(known, options);
    },

    files,
  };
}

/** The path of the tokenizer.json that `path` names or holds. */
async function locate(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    throw new UsageError(`tokenizer: no such file or directory; got ${path}`);
  }
  const isOtherForm = OTHER_FORMS.flat().some((name) => name === basename(path));
  if (found.isFile() && !isOtherForm) return path;

  const folder = found.isFile() ? dirname(path) : path;
  const file = join(folder, TOKENIZER_FILE);
  if (found.isDirectory() && (await exists(file))) return file;
  throw await missing(folder);
}

async function missing(folder: string): Promise<UsageError> {
  for (const names of OTHER_FORMS) {
    const present = await Promise.all(names.map((name) => exists(join(folder, name))));
    if (!present.every(Boolean)) continue;
    const message = `tokenizer: ${TOKENIZER_FILE} is missing; got only ${names.join(" and ")}`;
    return new UsageError(`${message} in ${folder}`, {
      hint:
        'write it with Python: from transformers import AutoTokenizer; d = "' +
        `${folder}"; AutoTokenizer.from_pretrained(d).save_pretrained(d)`,
    });
  }
  return new UsageError(`tokenizer: ${TOKENIZER_FILE} is missing; got the directory ${folder}`);
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

async function readCompanions(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const name of COMPANION_FILES) {
    const path = join(folder, name);
    if (await exists(path)) files.set(name, await readFile(path, "utf8"));
  }
  return files;
}

function parse(path: string, files: ReadonlyMap<string, string>): Json {
  const content = files.get(basename(path));
  return content === undefined ? {} : parseObject(path, content);
}

function createEngine(path: string, tokenizer: Json, config: Json): Engine {
  try {
    return new HuggingFaceTokenizer(tokenizer, config);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FormatError(path, `not a tokenizer that can be run; got ${reason}`, { cause });
  }
}

function endOfTextId(engine: Engine, config: Json, path: string): number | undefined {
  const configured = configuredId(engine, config, "eos_token", path);
  if (configured !== undefined) return configured;
  const usual = USUAL_END_OF_TEXT.map((token) => engine.token_to_id(token));
  return usual.find((id) => id !== undefined);
}

/** The id of the token that `config[key]` names, as a string or as an added-token object. */
function configuredId(engine: Engine, config: Json, key: string, path: string): number | undefined {
  const entry = config[key];
  const token = isObject(entry) ? entry["content"] : entry;
  if (typeof token !== "string") return undefined;
  const id = engine.token_to_id(token);
  if (id === undefined) {
    throw new FormatError(path, `the ${key} of its configuration is no token; got "${token}"`);
  }
  return id;
}

function unknownPiece(path: string): never {
  throw new FormatError(path, "a piece of the text is no token, and there is no unknown token");
}
