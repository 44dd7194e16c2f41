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
import type { Tokenizer } from "./tokenizer.ts";

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

type Json = Readonly<Record<string, unknown>>;

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
  const companions = await readCompanions(folder);

  const config: Json = {
    ...parse(join(folder, "special_tokens_map.json"), companions),
    ...parse(join(folder, "tokenizer_config.json"), companions),
  };
  const engine = createEngine(file, parseObject(file, content), config);
  const cleanUp = config["clean_up_tokenization_spaces"] === true;
  const endOfText = endOfTextId(engine, config, file);
  return {
    name: basename(resolve(folder)),
    vocabularySize: [...engine.get_vocab().values()].reduce((max, id) => Math.max(max, id), -1) + 1,
    endOfText,
    pad: configuredId(engine, config, "pad_token", file) ?? endOfText ?? 0,

    encode(text) {
      const { ids } = engine.encode(text, { add_special_tokens: false });
      return Int32Array.from(ids, (id) => id ?? unknownPiece(file));
    },

    decode(ids) {
      const known = [...ids].filter((id) => engine.id_to_token(id) !== undefined);
      if (known.length === 0) return "";
      const options = { skip_special_tokens: true, clean_up_tokenization_spaces: cleanUp };
      return engine.decode(known, options);
    },

    files: new Map([[TOKENIZER_FILE, content], ...companions]),
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

function parseObject(path: string, content: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (cause) {
    throw new FormatError(path, "not JSON", { cause });
  }
  if (!isObject(value)) throw new FormatError(path, `not a JSON object; got ${typeof value}`);
  return value;
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

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
