/** @file The name of an option in code, and on the command line. */

import type { Spelling } from "../../errors.ts";

/** "batch-size" as "batchSize"; the fields after a dot belong to others and stay. */
export function camelCase(key: string): string {
  const [name = "", ...fields] = key.split(".");
  const camel = name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return [camel, ...fields].join(".");
}

/** "batchSize" as "batch-size"; the fields after a dot stay. */
export function kebabCase(key: string): string {
  const [name = "", ...fields] = key.split(".");
  const kebab = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return [kebab, ...fields].join(".");
}

/** As on the command line: `--task`, `--task classify`. */
export const asFlag: Spelling = (name, value) =>
  value === undefined ? `--${kebabCase(name)}` : `--${kebabCase(name)} ${value}`;
