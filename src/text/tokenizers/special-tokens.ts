/** @file The tokens to which a tokenizer's configuration gives a role. */

import { isObject, type Json } from "../../files/json.ts";

export const SPECIAL_TOKENS = [
  "bos_token",
  "eos_token",
  "unk_token",
  "sep_token",
  "pad_token",
  "cls_token",
  "mask_token",
] as const;

/** The token in a role, which is written as a string or as an object. */
export function specialToken(
  config: Json,
  role: (typeof SPECIAL_TOKENS)[number],
): string | undefined {
  const entry = config[role];
  const token = isObject(entry) ? entry["content"] : entry;
  return typeof token === "string" ? token : undefined;
}
