/** Conversations as transformers renders and encodes them: golden/make_chat.py. */

import { readFile } from "node:fs/promises";
import { createTokenizer } from "../../src/text/tokenizers/huggingface.ts";
import type { ChatMessage, Tokenizer } from "../../src/text/index.ts";
import type { Json } from "../../src/files/json.ts";

export interface ChatCase {
  readonly messages: readonly ChatMessage[];
  readonly prompt: boolean;
  readonly variables?: Json;
  readonly text?: string;
  readonly ids?: readonly number[];
  readonly assistant?: readonly (readonly [number, number])[];
  /** Why the template refuses the messages. */
  readonly error?: string;
}

export interface GoldenTemplate {
  readonly name: string;
  readonly tokenizer: string;
  readonly config: Json;
  readonly template: string;
  readonly cases: readonly ChatCase[];
}

const golden: {
  readonly tokenizers: Readonly<Record<string, Json>>;
  readonly templates: readonly GoldenTemplate[];
} = JSON.parse(await readFile(new URL("../golden/chat.json", import.meta.url), "utf8"));

export const templates: readonly GoldenTemplate[] = golden.templates;

/** The template without {% generation %}, everything else as it was. */
export const withoutGeneration = (template: string): string =>
  template
    .replaceAll(/\{%(-?) generation (-?)%\}/g, "{%$1 if true $2%}")
    .replaceAll(/\{%(-?) endgeneration (-?)%\}/g, "{%$1 endif $2%}");

/** The tokenizer of a template, with other files beside it. */
export function tokenizerOf({ tokenizer, config }: GoldenTemplate, files: Json = {}): Tokenizer {
  const contents = new Map([
    ["tokenizer.json", JSON.stringify(golden.tokenizers[tokenizer])],
    ["tokenizer_config.json", JSON.stringify({ ...config, ...files })],
  ]);
  return createTokenizer(contents, { name: "chatty", path: "tokenizer.json" });
}
