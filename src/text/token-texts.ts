/** @file What added tokens are written as: `decode` leaves special ones out. */

import { isObject, parseObject } from "../files/json.ts";
import { TOKENIZER_FILE } from "./tokenizers/tokenizer-files.ts";
import type { Tokenizer } from "./tokenizers/tokenizer.ts";

/** The texts of added tokens by id; none of a tokenizer without a tokenizer.json. */
export function addedTokenTexts({ files }: Pick<Tokenizer, "files">): ReadonlyMap<number, string> {
  const { added_tokens: added } = parseObject(TOKENIZER_FILE, files.get(TOKENIZER_FILE) ?? "{}");
  const listed: readonly unknown[] = Array.isArray(added) ? added : [];
  return new Map(
    listed.flatMap((entry) => {
      if (!isObject(entry)) return [];
      const { id, content } = entry;
      return typeof id === "number" && typeof content === "string" ? [[id, content] as const] : [];
    }),
  );
}
