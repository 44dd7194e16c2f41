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

/** All tokens that a configuration names, with the flags that it gives them. */
export function namedTokens(config: Json): readonly Json[] {
  const lists = [config["additional_special_tokens"], config["extra_special_tokens"]];
  const entries: readonly unknown[] = [
    ...SPECIAL_TOKENS.map((role) => config[role]),
    ...lists.flatMap((list): readonly unknown[] => (Array.isArray(list) ? list : [])),
  ];
  return entries.flatMap((entry): readonly Json[] => {
    if (typeof entry === "string") return [{ content: entry }];
    return isObject(entry) && typeof entry["content"] === "string" ? [entry] : [];
  });
}
