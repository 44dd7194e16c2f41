/**
 * @file Which modules have adapters, as peft reads it from adapter_config.json: `target_modules` are ends of paths or one regular
 * expression, `exclude_modules` and `modules_to_save` have none, and `layers_to_transform` counts the first number of a path.
 */

import { UsageError } from "../errors.ts";
import type { PeftConfig } from "../weights/peft-config.ts";

/** The fields that decide it. */
export type PeftTargets = Pick<
  PeftConfig,
  | "target_modules"
  | "exclude_modules"
  | "modules_to_save"
  | "layers_to_transform"
  | "layers_pattern"
>;

/** Whether peft gives a module an adapter. @throws {UsageError} if a pattern is no regular expression. */
export function isTarget(settings: PeftTargets, module: string): boolean {
  const {
    target_modules: targets,
    exclude_modules: excluded = [],
    modules_to_save: saved,
  } = settings;
  if (isNamed(excluded, module)) return false;
  if (saved?.some((name) => expression(`^(?:.*\\.)?${name}(?:\\..*)?$`).test(module))) return false;
  // peft writes all modules out, and reads the word again if somebody wrote it.
  if (targets === "all-linear") return true;
  if (!isNamed(targets, module)) return false;
  const { layers_to_transform: layers = [] } = settings;
  if (typeof targets === "string" || targets.includes(module) || layers.length === 0) return true;
  const layer = layerOf(settings.layers_pattern ?? [], module);
  return layer !== undefined && layers.includes(layer);
}

const isNamed = (names: readonly string[] | string, module: string): boolean =>
  typeof names === "string"
    ? names !== "" && expression(`^(?:${names})$`).test(module)
    : names.some((name) => module === name || module.endsWith(`.${name}`));

/** The number behind the first module of one of these names, or behind any. */
function layerOf(patterns: readonly string[], module: string): number | undefined {
  const expressions =
    patterns.length === 0
      ? [String.raw`^.*?\.[^.]*\.(\d+)\.`]
      : patterns.map((pattern) => String.raw`^(?:.*?\.)??${pattern}\.(\d+)\.`);
  for (const source of expressions) {
    const [, layer] = expression(source).exec(module) ?? [];
    if (layer !== undefined) return Number(layer);
  }
  return undefined;
}

/** @throws {UsageError} if it is none. */
export function expression(source: string): RegExp {
  try {
    return new RegExp(source);
  } catch (cause) {
    throw new UsageError(`adapter: a pattern is no regular expression; got ${source}`, { cause });
  }
}
