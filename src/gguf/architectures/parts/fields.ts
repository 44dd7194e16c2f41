/** @file Fields of config.json that are to be written. */

import { UsageError } from "../../../errors.ts";
import type { Json } from "../../../files/json.ts";
import type { Heads } from "./layout.ts";

/** @throws {UsageError} if a field is no number. */
export function numberField(config: Json, field: string): number {
  const value = optionalNumber(config, field);
  if (value !== undefined) return value;
  throw new UsageError(`config.json: ${field} must be a number to be written as GGUF`);
}

export const optionalNumber = (config: Json, field: string): number | undefined => {
  const value = config[field];
  return typeof value === "number" ? value : undefined;
};

/** How many experts a layer has. */
export const expertCount = (config: Json): number =>
  optionalNumber(config, "num_local_experts") ?? numberField(config, "num_experts");

/** How many heads queries and keys have. */
export function headsOf(config: Json): Heads {
  const queries = optionalNumber(config, "num_attention_heads") ?? numberField(config, "n_head");
  return { queries, keys: optionalNumber(config, "num_key_value_heads") ?? queries };
}
