/**
 * @file Where names have their values, and the state of a template that runs: what it has written, and how far it has looked into the
 * messages.
 */

import type { List, Value } from "./values/value.ts";

/** The variable that says whether a text ends with what makes the assistant speak. */
export const PROMPT_VARIABLE = "add_generation_prompt";

/** A template that runs. */
export interface Machine {
  /** Messages from here on are not there. */
  limit: number;
  /** The largest index of a message that was asked for. */
  reach: number;
  /** The value of `PROMPT_VARIABLE`. */
  prompt: boolean;
  /** Whether it was asked for. */
  promptRead: boolean;
  /** How assignments are undone, the last one last; undefined where nothing is to be. */
  journal: (() => void)[] | undefined;
  /** What is told when a loop over messages begins with the one of an index; `rest` runs what follows, from this message on. */
  readonly atMessage?: ((index: number, rest: () => void) => void) | undefined;
}

/** Names in a block, and those around it. */
export interface Scope {
  get(name: string): Value | undefined;
  set(name: string, value: Value): void;
}

/** The names of a template; `machine` knows one of them. */
export function rootScope(machine: Machine, values: ReadonlyMap<string, Value>): Scope {
  const { get, set } = innerScope(machine, { get: (name) => values.get(name), set: () => {} });
  let isOwn = false;
  return {
    get(name) {
      if (name !== PROMPT_VARIABLE || isOwn) return get(name);
      machine.promptRead = true;
      return machine.prompt;
    },
    set(name, value) {
      if (name === PROMPT_VARIABLE && !isOwn) {
        machine.journal?.push(() => {
          isOwn = false;
        });
        isOwn = true;
      }
      set(name, value);
    },
  };
}

/** A scope within another. */
export function innerScope(machine: Machine, outer: Scope): Scope {
  const values = new Map<string, Value>();
  return {
    get(name) {
      const value = values.get(name);
      return value === undefined ? outer.get(name) : value;
    },
    set(name, value) {
      assign(machine, values, name, value);
    },
  };
}

/** Sets an entry, so that it can be undone. */
export function assign(
  machine: Machine,
  entries: Map<string, Value>,
  name: string,
  value: Value,
): void {
  if (machine.journal) {
    const before = entries.get(name);
    machine.journal.push(() => {
      if (before === undefined) entries.delete(name);
      else entries.set(name, before);
    });
  }
  entries.set(name, value);
}

/** Messages as a list that tells the machine how far it is read. */
export function messageList(machine: Machine, values: readonly Value[]): List {
  // Templates ask for the length of the same list again and again.
  let cut:
    | { readonly start: number; readonly limit: number; readonly items: readonly Value[] }
    | undefined;
  const itemsFrom = (start: number): readonly Value[] => {
    const { limit } = machine;
    if (cut?.start !== start || cut.limit !== limit) {
      cut = { start, limit, items: values.slice(start, limit) };
    }
    return cut.items;
  };
  const from = (start: number): List => ({
    kind: "list",
    get items() {
      machine.reach = Infinity;
      return itemsFrom(start);
    },
    view: {
      start,
      at(index) {
        const at = start + index;
        machine.reach = Math.max(machine.reach, at);
        return at < machine.limit ? values[at] : undefined;
      },
      from: (index) => from(start + index),
    },
  });
  return from(0);
}
