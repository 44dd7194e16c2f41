/** @file Special tokens that a tokenizer is given: they stand in its tokenizer.json, with ids after all others. */

import { UsageError } from "../../errors.ts";
import { isObject, type Json, parseObject } from "../../files/json.ts";
import { createTokenizer } from "../tokenizers/huggingface.ts";
import { CONFIG_FILE, TOKENIZER_FILE } from "../tokenizers/tokenizer-files.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";

/**
 * The tokenizer with tokens of its own for marks; the same one if it has them.
 *
 * @throws {UsageError} if its files are not there to be added to.
 */
export function withMarks(tokenizer: Tokenizer, marks: readonly string[]): Tokenizer {
  const missing = marks.filter((mark) => !isToken(tokenizer, mark));
  if (missing.length === 0) return tokenizer;
  const content = tokenizer.files.get(TOKENIZER_FILE);
  if (content === undefined) {
    throw new UsageError(`tokenizer: has no ${TOKENIZER_FILE} to add ${missing.join(", ")} to`);
  }
  const added = missing.map((mark, i) => ({ id: tokenizer.vocabularySize + i, content: mark }));
  const files = new Map(tokenizer.files);
  files.set(TOKENIZER_FILE, written(withAdded(parseObject(TOKENIZER_FILE, content), added)));
  const config = files.get(CONFIG_FILE);
  if (config !== undefined) {
    files.set(CONFIG_FILE, written(withDecoded(parseObject(CONFIG_FILE, config), added)));
  }
  const { name } = tokenizer;
  return createTokenizer(files, { name, path: TOKENIZER_FILE });
}

/** Whether a text is one special token. */
function isToken({ encode, specialTokens }: Tokenizer, text: string): boolean {
  const ids = encode(text);
  return ids.length === 1 && specialTokens.has(ids[0] ?? -1);
}

interface Mark {
  readonly id: number;
  readonly content: string;
}

const FLAGS = {
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
};

function withAdded(tokenizer: Json, added: readonly Mark[]): Json {
  const listed: unknown = tokenizer["added_tokens"];
  const before: readonly unknown[] = Array.isArray(listed) ? listed : [];
  return {
    ...tokenizer,
    added_tokens: [...before, ...added.map((mark) => ({ ...mark, ...FLAGS }))],
  };
}

/** Older versions of transformers read the list of the configuration too. */
function withDecoded(config: Json, added: readonly Mark[]): Json {
  const before = config["added_tokens_decoder"];
  if (!isObject(before)) return config;
  const own = added.map(({ id, content }) => [String(id), { content, ...FLAGS }] as const);
  return { ...config, added_tokens_decoder: { ...before, ...Object.fromEntries(own) } };
}

const written = (json: Json): string => `${JSON.stringify(json, null, 2)}\n`;
