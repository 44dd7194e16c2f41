/** @file What a loop goes through, and the variable `loop` in it. */

import { equals } from "./values/operators.ts";
import type { Machine } from "./scope.ts";
import {
  callable,
  fault,
  itemsOf,
  list,
  orElse,
  type Thing,
  undefinedValue,
  type Value,
} from "./values/value.ts";

/** Where a loop is. */
export interface Step {
  readonly item: Value;
  /** Among those that pass, from 0 on. */
  readonly index: number;
  /** In what is gone through. */
  readonly at: number;
  readonly before: Step | undefined;
  /** The index of the message that it is; undefined of anything else. */
  readonly message: number | undefined;
}

export interface Loop {
  /** What comes after a step, or first. */
  next(step: Step | undefined): Step | undefined;
  /** The variable `loop` at a step. */
  variable(step: Step, machine: Machine): Thing;
}

/** A loop over the items that pass. Messages are looked at one by one. */
export function loopOver(iterable: Value, passes: (item: Value) => boolean): Loop {
  const view =
    iterable !== null && typeof iterable === "object" && iterable.kind === "list"
      ? iterable.view
      : undefined;
  const items = view ? [] : itemsOf(iterable);
  const itemAt = (at: number) => (view ? view.at(at) : items[at]);
  const isThere = (at: number) => view !== undefined || at < items.length;

  const next: Loop["next"] = (before) => {
    for (let at = (before?.at ?? -1) + 1; isThere(at); at += 1) {
      const item = itemAt(at);
      if (item === undefined) return undefined;
      if (!passes(item)) continue;
      const message = view && view.start + at;
      return { item, index: (before?.index ?? -1) + 1, at, before, message };
    }
    return undefined;
  };

  const count = (step: Step): number => {
    let last = step;
    for (let found = next(step); found; found = next(found)) last = found;
    return last.index + 1;
  };

  let changed: readonly Value[] | undefined;
  return {
    next,
    variable: (step, machine) => ({
      kind: "thing",
      get(name) {
        const { index } = step;
        switch (name) {
          case "index":
            return index + 1;
          case "index0":
            return index;
          case "first":
            return index === 0;
          case "last":
            return next(step) === undefined;
          case "length":
            return count(step);
          case "revindex":
            return count(step) - index;
          case "revindex0":
            return count(step) - index - 1;
          case "previtem":
            return orElse(step.before?.item, undefinedValue("there is no previous item"));
          case "nextitem":
            return orElse(next(step)?.item, undefinedValue("there is no next item"));
          case "cycle":
            return callable(({ args }) => {
              if (args.length === 0) throw fault("no items for cycling given");
              return args[index % args.length] ?? null;
            });
          case "changed":
            return callable(({ args }) => {
              const before = changed;
              machine.journal?.push(() => {
                changed = before;
              });
              changed = args;
              return before === undefined || !equals(list(before), list(args));
            });
          default:
            return undefined;
        }
      },
    }),
  };
}
