/** @file The tokens that a tokenizer's configuration gives a role: `eos_token`, `mask_token`, ... */

import { isObject, type Json } from "./json.ts";

/** The token in the role `key`, which is written as a string or as an object. */
export function specialToken(config: Json, key: string): string | undefined {
  const entry = config[key];
  const token = isObject(entry) ? entry["content"] : entry;
  return typeof token === "string" ? token : undefined;
}
