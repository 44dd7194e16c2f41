/**
 * @file Tokenizers in Hugging Face's `tokenizer.json` format.
 *
 * `tokenizer_config.json` and `special_tokens_map.json` name the special tokens where they lie
 * beside it. Unlike transformers before version 5, spaces before punctuation are removed by
 * `decode` only if the configuration asks for it.
 *
 * Ids are those of Hugging Face's own implementation, but for characters newer than Unicode 15; what
 * would have others is refused. Truncation and padding that the file asks for are left to whoever
 * encodes, as in transformers.
 */

import { FormatError } from "../../errors.ts";
import { type Json, parseObject } from "../../files/json.ts";
import type { FileStore } from "../../host/host.ts";
import { basename, dirname } from "../../host/path.ts";
import { withoutSpaces } from "./decoders.ts";
import { type Pipeline, pipelineOf } from "./pipeline.ts";
import { namedTokens, specialToken } from "./special-tokens.ts";
import { fillTemplate, idsBefore, templateOf } from "./template.ts";
import {
  findTokenizer,
  readConfig,
  TOKENIZER_FILE,
  type TokenizerFiles,
} from "./tokenizer-files.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** Tokens by their role, where no configuration names one. */
const USUAL_TOKENS = {
  eos_token: ["<|endoftext|>", "</s>"],
  mask_token: ["[MASK]", "<mask>"],
  pad_token: [],
} as const;

type Role = keyof typeof USUAL_TOKENS;

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
  const pipeline = pipelineOf(path, tokenizer, namedTokens(config));
  const template = templateOf(path, tokenizer);
  const before = idsBefore(template);
  const cleanUp = config["clean_up_tokenization_spaces"] === true;

  const endOfText = requiredId(pipeline, config, "eos_token", path);
  const pad = requiredId(pipeline, config, "pad_token", path);
  const { vocabularySize, unknown, specialTokens } = pipeline;
  const encode = (text: string) => Int32Array.from(pipeline.encode(text));
  return {
    name,
    vocabularySize,
    startOfText: before[0],
    endOfText,
    pad: pad ?? endOfText ?? 0,
    mask: roleId(pipeline, config, "mask_token"),
    unknown,
    specialTokens,

    encode,
    encodePrompt: (text) => Int32Array.from([...before, ...pipeline.encode(text)]),
    encodeWithSpecialTokens: (...texts) =>
      fillTemplate(template, texts.filter((text) => text !== undefined).map(encode)),

    decode(ids) {
      const text = pipeline.decode(ids, specialTokens);
      return cleanUp ? withoutSpaces(text) : text;
    },

    files,
  };
}

/** The id of the token that the configuration gives a role, or that usually has it. */
function roleId(pipeline: Pipeline, config: Json, role: Role): number | undefined {
  const token = specialToken(config, role);
  const tokens: readonly string[] = token === undefined ? USUAL_TOKENS[role] : [token];
  return tokens.map((each) => pipeline.idOf(each)).find((id) => id !== undefined);
}

/** The same; a token that is named must exist. */
function requiredId(
  pipeline: Pipeline,
  config: Json,
  role: Role,
  path: string,
): number | undefined {
  const id = roleId(pipeline, config, role);
  const token = specialToken(config, role);
  if (id !== undefined || token === undefined) return id;
  throw new FormatError(path, `the ${role} of its configuration is no token; got "${token}"`);
}
