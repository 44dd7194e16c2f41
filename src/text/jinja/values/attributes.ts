/** @file What stands under a name or a key of a value. */

import { equals } from "./operators.ts";
import { TEXT_METHODS } from "./text-methods.ts";
import {
  type Arguments,
  callable,
  type Dict,
  entryOf,
  fault,
  generator,
  given,
  isFloat,
  isUndefined,
  list,
  numberOf,
  orElse,
  tuple,
  type Tuple,
  type List,
  typeName,
  type Undefined,
  undefinedValue,
  type Value,
} from "./value.ts";

const pairs = ({ entries }: Dict): List =>
  list([...entries].map(([key, value]) => tuple([key, value])));

/** The keys and values of a dict. @throws {UsageError} if it is none. */
export function pairsOf(value: Value): List {
  if (value !== null && typeof value === "object" && value.kind === "dict") return pairs(value);
  throw fault("Can only get item pairs from a mapping.");
}

const view = (items: readonly Value[]): Value => ({ ...generator(items), hasLength: true });

type DictMethod = (of: Dict, from: Arguments) => Value;
type ListMethod = (of: List | Tuple, from: Arguments) => Value;

const DICT_METHODS: Readonly<Record<string, DictMethod>> = {
  copy: (of) => of,
  get: (of, from) =>
    orElse(entryOf(of, given(from, 0, "key") ?? null), given(from, 1, "default") ?? null),
  items: (of) => view(pairs(of).items),
  keys: ({ entries }) => view([...entries.keys()]),
  values: ({ entries }) => view([...entries.values()]),
};

const LIST_METHODS: Readonly<Record<string, ListMethod>> = {
  copy: (of) => of,
  count: ({ items }, { args: [of = null] }) => items.filter((each) => equals(each, of)).length,
  index({ items }, { args: [of = null] }) {
    const place = items.findIndex((each) => equals(each, of));
    if (place < 0) throw fault("the item is not in the list");
    return place;
  },
};

/** Methods that would change what a template was given, which transformers forbids. */
const CHANGING = {
  dict: ["clear", "pop", "popitem", "setdefault", "update"],
  list: ["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"],
} as const;

const unsafe = (kind: keyof typeof CHANGING) =>
  CHANGING[kind].map((name) => {
    const why = `access to attribute '${name}' of '${kind}' object is unsafe`;
    return [name, undefinedValue(why)] as const;
  });

const METHODS = {
  dict: new Map<string, Undefined | DictMethod>([
    ...Object.entries(DICT_METHODS),
    ...unsafe("dict"),
  ]),
  list: new Map<string, Undefined | ListMethod>([
    ...Object.entries(LIST_METHODS),
    ...unsafe("list"),
  ]),
};

/** `object.name`: what a value can do comes before what it holds. */
export function attribute(object: Value, name: string): Value {
  const found = method(object, name) ?? held(object, name);
  return found === undefined ? missing(object, name) : found;
}

/** `object[key]`: what a value holds comes first. */
export function item(object: Value, key: Value): Value {
  const found = held(object, key);
  if (found !== undefined) return found;
  const ability = typeof key === "string" ? method(object, key) : undefined;
  return ability ?? missing(object, key);
}

function missing(object: Value, key: Value): Value {
  const shown = typeof key === "string" ? `attribute '${key}'` : `element ${String(numberOf(key))}`;
  const of = object === null ? "'None'" : `'${typeName(object)} object'`;
  return undefinedValue(`${of} has no ${shown}`);
}

function method(object: Value, name: string): Value | undefined {
  if (typeof object === "string") {
    const found = Object.hasOwn(TEXT_METHODS, name) ? TEXT_METHODS[name] : undefined;
    return found && callable((from) => found(object, from));
  }
  if (object === null || typeof object !== "object") return undefined;
  if (object.kind === "dict") {
    const found = METHODS.dict.get(name);
    return found && (isUndefined(found) ? found : callable((from) => found(object, from)));
  }
  if (object.kind === "list" || object.kind === "tuple") {
    const found = METHODS.list.get(name);
    return found && (isUndefined(found) ? found : callable((from) => found(object, from)));
  }
  return undefined;
}

function held(object: Value, key: Value): Value | undefined {
  if (typeof object === "string") return at(Array.from(object), key);
  if (object === null || typeof object !== "object") return undefined;
  switch (object.kind) {
    case "dict":
      return entryOf(object, key);
    case "list":
      return object.view && typeof key === "number" && key >= 0
        ? object.view.at(key)
        : typeof key === "string"
          ? undefined
          : at(object.items, key);
    case "tuple":
      return at(object.items, key);
    case "namespace":
      return typeof key === "string" ? object.entries.get(key) : undefined;
    case "thing":
      if (object.text !== undefined)
        throw fault("a text that is marked as safe can only be written");
      return typeof key === "string" ? object.get(key) : undefined;
    case "undefined":
      throw fault(object.why);
    case "float":
    case "function":
    case "generator":
      return undefined;
  }
}

function at(items: readonly Value[], key: Value): Value | undefined {
  const index = isFloat(key) ? undefined : numberOf(key);
  return index === undefined ? undefined : items[index < 0 ? items.length + index : index];
}

/** `object[start:stop:step]`. */
export function slice(object: Value, bounds: readonly (Value | undefined)[]): Value {
  const [start, stop, step = 1] = bounds.map((bound) => {
    if (bound === undefined || bound === null) return undefined;
    const number = numberOf(bound);
    if (number === undefined || isFloat(bound))
      throw fault("slice indices must be integers or None");
    return number;
  });
  if (step === 0) throw fault("slice step cannot be zero");
  if (typeof object === "string") return cut(Array.from(object), start, stop, step).join("");
  if (object !== null && typeof object === "object") {
    if (object.kind === "list") {
      const isView = object.view && stop === undefined && step === 1 && (start ?? 0) >= 0;
      return isView ? object.view.from(start ?? 0) : list(cut(object.items, start, stop, step));
    }
    if (object.kind === "tuple") return tuple(cut(object.items, start, stop, step));
    if (object.kind === "undefined") throw fault(object.why);
  }
  throw fault(`'${typeName(object)}' object is not subscriptable`);
}

function cut<T>(
  items: readonly T[],
  start: number | undefined,
  stop: number | undefined,
  step: number,
): readonly T[] {
  const { length } = items;
  const [low, high] = step > 0 ? [0, length] : [-1, length - 1];
  const within = (bound: number | undefined, usual: number) =>
    bound === undefined ? usual : Math.min(high, Math.max(low, bound < 0 ? bound + length : bound));
  const from = within(start, step > 0 ? low : high);
  const to = within(stop, step > 0 ? high : low);
  const found: T[] = [];
  for (let i = from; step > 0 ? i < to : i > to; i += step) {
    const each = items[i];
    if (each !== undefined) found.push(each);
  }
  return found;
}

/** An attribute by its path, as filters name it: "function.name", "0". */
export function attributePath(path: Value): (value: Value) => Value {
  const parts =
    typeof path === "string"
      ? path.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part))
      : [path];
  return (value) => parts.reduce<Value>((found, part) => item(found, part), value);
}
