/** @file Filters on lists, and on what else can be gone through. */

import { attributePath, pairsOf } from "./attributes.ts";
import { compare, equals, operate } from "./operators.ts";
import { str } from "./python-text.ts";
import { testOf } from "./tests.ts";
import {
  type Arguments,
  fault,
  generator,
  given,
  givenFlag,
  givenInt,
  givenText,
  isTrue,
  isUndefined,
  itemsOf,
  list,
  orElse,
  tuple,
  undefinedValue,
  type Value,
} from "./value.ts";

type ByName = (name: string) => (value: Value, from: Arguments) => Value;
type ListFilter = (value: Value, from: Arguments, filters: ByName) => Value;

/** What items are ordered or told apart by: an attribute, without regard to the case of letters. */
function keyOf(from: Arguments, attribute: number, caseSensitive: number) {
  const path = given(from, attribute, "attribute") ?? null;
  const of = path === null ? (value: Value) => value : attributePath(path);
  const isSensitive = givenFlag(from, caseSensitive, "case_sensitive");
  return (value: Value): Value => {
    const key = of(value);
    return typeof key === "string" && !isSensitive ? key.toLowerCase() : key;
  };
}

function sorted(items: readonly Value[], key: (value: Value) => Value, reverse: boolean) {
  const keyed = items.map((item) => ({ item, key: key(item) }));
  keyed.sort((a, b) => (reverse ? compare(b.key, a.key) : compare(a.key, b.key)));
  return keyed.map(({ item }) => item);
}

/** The test that filters such as select have among their arguments; without one, whether it is true. */
function testIn(args: readonly Value[]): (value: Value) => boolean {
  const [name, argument = null] = args;
  if (name === undefined) return isTrue;
  const test = testOf(str(name));
  return (value) => test(value, argument);
}

/** Whatever counts as false has no items for these filters. */
const itemsIn = (value: Value): readonly Value[] => (isTrue(value) ? itemsOf(value) : []);

const select =
  (wanted: boolean): ListFilter =>
  (value, { args }) => {
    const test = testIn(args);
    return generator(itemsIn(value).filter((each) => test(each) === wanted));
  };

const selectByAttribute =
  (wanted: boolean): ListFilter =>
  (value, { args: [path, ...args] }) => {
    if (path === undefined) throw fault("an attribute is missing");
    const [of, test] = [attributePath(path), testIn(args)];
    return generator(itemsIn(value).filter((each) => test(of(each)) === wanted));
  };

const map: ListFilter = (value, from, filters) => {
  const path = from.named.get("attribute");
  if (path !== undefined && from.args.length === 0) {
    const [of, byDefault] = [attributePath(path), from.named.get("default")];
    return generator(
      itemsIn(value).map((each) => {
        const found = of(each);
        return isUndefined(found) && byDefault !== undefined ? byDefault : found;
      }),
    );
  }
  const [name, ...args] = from.args;
  if (name === undefined) throw fault("map requires a filter argument");
  const filter = filters(str(name));
  return generator(itemsIn(value).map((each) => filter(each, { args, named: from.named })));
};

/** The smallest or the largest; undefined of nothing. */
const extreme =
  (reverse: boolean): ListFilter =>
  (value, from) => {
    const key = keyOf(from, 1, 0);
    const [first = undefinedValue("No aggregated item, sequence was empty.")] = sorted(
      itemsOf(value),
      key,
      reverse,
    );
    return first;
  };

export const LIST_FILTERS: Readonly<Record<string, ListFilter>> = {
  batch(value, from) {
    const [size, filler] = [
      givenInt(from, 0, "linecount") ?? 1,
      given(from, 1, "fill_with") ?? null,
    ];
    const items = itemsOf(value);
    const count = Math.ceil(items.length / size);
    return generator(
      Array.from({ length: count }, (_, i) => {
        const row = items.slice(i * size, (i + 1) * size);
        const rest = filler === null ? 0 : size - row.length;
        return list([...row, ...Array.from({ length: rest }, () => filler)]);
      }),
    );
  },
  dictsort(value, from) {
    const by = givenText(from, 1, "by") ?? "key";
    if (by !== "key" && by !== "value") throw fault('You can only sort by either "key" or "value"');
    const isSensitive = givenFlag(from, 0, "case_sensitive");
    const key = (pair: Value) => {
      const part = itemsOf(pair)[by === "key" ? 0 : 1] ?? null;
      return typeof part === "string" && !isSensitive ? part.toLowerCase() : part;
    };
    return list(sorted(pairsOf(value).items, key, givenFlag(from, 2, "reverse")));
  },
  first: (value) => orElse(itemsOf(value)[0], undefinedValue("No first item, sequence was empty.")),
  groupby(value, from) {
    const path = given(from, 0, "attribute") ?? null;
    const key = keyOf({ args: [path], named: from.named }, 0, 2);
    const plain = attributePath(path);
    const groups: { readonly key: Value; readonly items: Value[] }[] = [];
    for (const item of sorted(itemsOf(value), key, false)) {
      const last = groups.at(-1);
      if (last && equals(key(last.items[0] ?? null), key(item))) last.items.push(item);
      else groups.push({ key: plain(item), items: [item] });
    }
    return list(groups.map(({ key: grouper, items }) => tuple([grouper, list(items)])));
  },
  join(value, from) {
    const path = given(from, 1, "attribute") ?? null;
    const of = path === null ? (each: Value) => each : attributePath(path);
    return itemsOf(value)
      .map((each) => str(of(each)))
      .join(str(given(from, 0, "d") ?? ""));
  },
  last(value) {
    return orElse(itemsOf(value).at(-1), undefinedValue("No last item, sequence was empty."));
  },
  list: (value) => list(itemsOf(value)),
  map,
  max: extreme(true),
  min: extreme(false),
  reject: select(false),
  rejectattr: selectByAttribute(false),
  reverse: (value) =>
    typeof value === "string"
      ? itemsOf(value).toReversed().map(str).join("")
      : generator(itemsOf(value).toReversed()),
  select: select(true),
  selectattr: selectByAttribute(true),
  sort: (value, from) =>
    list(sorted(itemsOf(value), keyOf(from, 2, 1), givenFlag(from, 0, "reverse"))),
  sum(value, from) {
    const path = given(from, 0, "attribute") ?? null;
    const of = path === null ? (each: Value) => each : attributePath(path);
    return itemsOf(value).reduce<Value>(
      (sum, each) => operate("+", sum, of(each)),
      given(from, 1, "start") ?? 0,
    );
  },
  unique(value, from) {
    const key = keyOf(from, 1, 0);
    const seen: Value[] = [];
    return generator(
      itemsOf(value).filter((each) => {
        const own = key(each);
        const isNew = !seen.some((other) => equals(other, own));
        if (isNew) seen.push(own);
        return isNew;
      }),
    );
  },
};
