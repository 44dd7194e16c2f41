/** @file The architectures, by `model_type`. */

import { UsageError } from "../errors.ts";
import { gpt2 } from "./gpt2.ts";
import type { Model } from "./model.ts";

const ARCHITECTURES: Readonly<
  Record<string, (config: Readonly<Record<string, unknown>>) => Model>
> = { gpt2 };

/**
 * The model that a config.json describes; GPT-2 where it names no type.
 *
 * @throws {UsageError} if the architecture is not supported, or a field is out of range.
 */
export function modelFromConfig(config: Readonly<Record<string, unknown>>): Model {
  const type = config["model_type"] ?? "gpt2";
  const known = typeof type === "string" && Object.hasOwn(ARCHITECTURES, type);
  const build = known ? ARCHITECTURES[type] : undefined;
  if (build) return build(config);
  throw new UsageError(
    `model: supported types are ${Object.keys(ARCHITECTURES).join(", ")}; got ${JSON.stringify(type)}`,
  );
}
