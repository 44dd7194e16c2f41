/** Small tokenizers of the forms that models have, with their ids by Hugging Face: golden/make_tokenizers.py. */

import { readFile } from "node:fs/promises";
import type { Json } from "../../src/files/json.ts";

interface Golden {
  readonly models: Readonly<Record<string, Json>>;
  readonly texts: readonly string[];
  readonly words: readonly (readonly string[])[];
  readonly forms: readonly {
    readonly name: string;
    readonly model: string;
    readonly tokenizer: Json;
    readonly ids: readonly (readonly number[])[];
  }[];
  readonly processors: readonly {
    readonly name: string;
    readonly processor: Json | null;
    readonly single: Filled;
    readonly pair: Filled;
  }[];
}

interface Filled {
  readonly ids: readonly number[];
  readonly types: readonly number[];
}

const golden: Golden = JSON.parse(
  await readFile(new URL("../golden/tokenizers.json", import.meta.url), "utf8"),
);

export interface TokenizerForm {
  readonly name: string;
  /** A tokenizer.json. */
  readonly tokenizer: Json;
  /** For each of the texts. */
  readonly ids: readonly (readonly number[])[];
}

export const texts: readonly string[] = golden.texts;

/** The words of each text, as the ByteLevel pre-tokenizer splits it. */
export const wordsOfTexts: readonly (readonly string[])[] = golden.words;

export const forms: readonly TokenizerForm[] = golden.forms.map(
  ({ name, model, tokenizer, ids }) => ({
    name,
    tokenizer: { ...tokenizer, model: golden.models[model] },
    ids,
  }),
);

export const processors: Golden["processors"] = golden.processors;
