/**
 * @file Which tensor on disk is which of the model: names that differ in a prefix, names that may
 * be left over, names that may be missing.
 */

import { UsageError } from "../errors.ts";
import { sameShape } from "../tensor/shape.ts";
import type { TensorInfo } from "./files/safetensors-header.ts";

/** In a pattern `*` stands for any characters: "h.*.attn.bias". Prefixes may be left out. */
export interface MatchOptions {
  /** A stored name may have, or lack, one of these in front, such as "transformer.". */
  readonly prefixes?: readonly string[];
  /** Patterns of stored names that may be left over. */
  readonly ignore?: readonly string[];
  /** Patterns of expected names that may be missing, as those of a head that is new. */
  readonly optional?: readonly string[];
  /** What stored names ended in once, and end in now: "LayerNorm.gamma" and "LayerNorm.weight". */
  readonly endings?: Readonly<Record<string, string>>;
  /** Stored names to take where an expected name is missing, the first first: those of tied copies. */
  readonly substitutes?: Readonly<Record<string, readonly string[]>>;
}

/** A tensor on disk, by the name it has there. */
export interface StoredTensor {
  readonly storedName: string;
  readonly info: Pick<TensorInfo, "dtype" | "shape">;
}

/**
 * The stored tensor of each expected name, in the order of `expected`; optional ones that are not
 * stored are left out.
 *
 * @param where - what is being read, for messages
 * @param expected - shape of each tensor
 * @throws {UsageError} that lists all that are missing, unexpected, stored twice or wrong.
 */
export function matchTensors<T extends StoredTensor>(
  where: string,
  stored: readonly T[],
  expected: ReadonlyMap<string, readonly number[]>,
  { prefixes = [], ignore = [], optional = [], endings = {}, substitutes = {} }: MatchOptions,
): ReadonlyMap<string, T> {
  const bare = withoutPrefix(prefixes);
  const isIgnored = fitsAny(ignore, bare);
  const isOptional = fitsAny(optional, bare);
  const expectedByBareName = new Map([...expected.keys()].map((name) => [bare(name), name]));

  const found = new Map<string, T>();
  const unexpected: string[] = [];
  const twice: string[] = [];
  const wrong: string[] = [];
  const place = (storedName: string, name: string, tensor: T): void => {
    const { info } = tensor;
    const shape = expected.get(name) ?? [];
    if (!sameShape(info.shape, shape)) {
      wrong.push(`${storedName} [${info.shape.join(", ")}] instead of [${shape.join(", ")}]`);
    } else if (!FLOATS.has(info.dtype)) {
      wrong.push(`${storedName} ${info.dtype} instead of a float`);
    }
    found.set(name, tensor);
  };
  for (const tensor of stored) {
    const { storedName } = tensor;
    const today = withEnding(storedName, endings);
    const name = expected.has(today) ? today : expectedByBareName.get(bare(today));
    if (name === undefined) {
      if (!isIgnored(storedName)) unexpected.push(storedName);
      continue;
    }
    if (found.has(name)) twice.push(storedName);
    place(storedName, name, tensor);
  }
  for (const [name, copies] of Object.entries(substitutes)) {
    if (!expected.has(name) || found.has(name)) continue;
    const copy =
      stored.find(({ storedName }) => copies.includes(storedName)) ??
      copies.map((each) => found.get(each)).find((each) => each !== undefined);
    if (copy) place(copy.storedName, name, copy);
  }

  const missing = [...expected.keys()].filter((name) => !found.has(name) && !isOptional(name));
  const problems = [
    ["missing", missing],
    ["unexpected", unexpected],
    ["stored twice", twice],
    ["wrong", wrong],
  ] as const;
  const texts = problems.flatMap(([what, names]) =>
    names.length > 0 ? [`${what}: ${names.join(", ")}`] : [],
  );
  if (texts.length === 0) return new Map([...expected.keys()].flatMap((name) => pair(found, name)));
  throw new UsageError(`${where}: weights do not fit the model; ${texts.join("; ")}`, {
    hint: "check that config.json belongs to these weights",
  });
}

/** What is stored as a copy of an expected tensor and would be passed over: it has to be the same. */
export const tiedCopies = <T extends StoredTensor>(
  stored: readonly T[],
  name: string,
  { prefixes = [], ignore = [], substitutes = {} }: MatchOptions,
): readonly T[] => {
  const isIgnored = fitsAny(ignore, withoutPrefix(prefixes));
  const copies = substitutes[name] ?? [];
  return stored.filter(({ storedName }) => copies.includes(storedName) && isIgnored(storedName));
};

type Bare = (name: string) => string;

const withoutPrefix =
  (prefixes: readonly string[]): Bare =>
  (name) => {
    const prefix = prefixes.find((start) => name.startsWith(start));
    return prefix === undefined ? name : name.slice(prefix.length);
  };

function fitsAny(patterns: readonly string[], bare: Bare): (name: string) => boolean {
  const expressions = patterns.map(wildcard);
  return (name) => expressions.some((each) => each.test(name) || each.test(bare(name)));
}

function withEnding(name: string, endings: Readonly<Record<string, string>>): string {
  const ending = Object.entries(endings).find(([old]) => name.endsWith(old));
  return ending === undefined ? name : name.slice(0, -ending[0].length) + ending[1];
}

const FLOATS: ReadonlySet<string> = new Set(["F16", "BF16", "F32", "F64"]);

const pair = <K, V>(map: ReadonlyMap<K, V>, key: K): readonly (readonly [K, V])[] => {
  const value = map.get(key);
  return value === undefined ? [] : [[key, value]];
};

/** A pattern in which `*` stands for any characters and everything else for itself. */
const wildcard = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .split("*")
      .map((text) => text.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"))
      .join(".*")}$`,
    "s",
  );
