/** Small tokenizers of the kinds that models have, with what transformers makes of texts: golden/make_small_tokenizers.py. */

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

type Json = Readonly<Record<string, unknown>>;

export interface SmallTokenizer {
  /** tokenizer.json, and those that lie beside it. */
  readonly files: { readonly "tokenizer.json": Json } & Readonly<Record<string, Json>>;
  readonly vocabularySize: number;
  /** Ids that stand before a text. */
  readonly before: readonly number[];
  readonly endOfText: number | null;
  readonly pad: number | null;
  readonly mask: number | null;
  readonly unknown: number | null;
  readonly special: readonly number[];
  readonly texts: readonly {
    readonly text: string;
    /** Without special tokens around them. */
    readonly inner: readonly number[];
    readonly ids: readonly number[];
    readonly types: readonly number[];
    /** Of `ids`, without special tokens. */
    readonly decoded: string;
  }[];
  readonly pairs: readonly {
    readonly texts: readonly [string, string];
    readonly ids: readonly number[];
    readonly types: readonly number[];
  }[];
}

function read(kind: string): SmallTokenizer {
  const path = new URL(`../golden/small_tokenizers/${kind}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf8"));
}

export const smallT5: SmallTokenizer = read("t5");

export const smallTokenizers: readonly (readonly [kind: string, SmallTokenizer])[] = [
  ["GPT-2", read("gpt2")],
  ["Llama", read("llama")],
  ["T5", smallT5],
  ["BERT", read("bert")],
];

/** A directory that holds it. */
export function directoryOf({ files }: SmallTokenizer): string {
  const folder = mkdtempSync(join(tmpdir(), "flora-small-tokenizer-"));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), JSON.stringify(content));
  }
  return folder;
}
