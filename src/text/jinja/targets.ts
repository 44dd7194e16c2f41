/** @file What is assigned to, as functions of the value: names, several of them, fields of a namespace. */

import { assign, type Machine, type Scope } from "./scope.ts";
import type { Target } from "./syntax/ast.ts";
import { fault, itemsOf, type Value } from "./values/value.ts";

/** Where names are. */
interface Names {
  readonly machine: Machine;
  readonly scope: Scope;
}

/** How a value is assigned to a target. @throws {UsageError} when it is called, if the target cannot have it. */
export function assigner(target: Target): (value: Value, names: Names) => void {
  if (target.type === "name") {
    const { name } = target;
    return (value, { scope }) => scope.set(name, value);
  }
  if (target.type === "field") {
    return (value, { scope, machine }) => {
      const object = scope.get(target.name);
      if (object === null || typeof object !== "object" || object.kind !== "namespace") {
        throw fault("cannot assign attribute on non-namespace object");
      }
      assign(machine, object.entries, target.field, value);
    };
  }
  const parts = target.items.map(assigner);
  return (value, names) => {
    const items = itemsOf(value);
    if (items.length !== parts.length) {
      throw fault(`expected ${parts.length} values to unpack; got ${items.length}`);
    }
    for (const [i, part] of parts.entries()) part(items[i] ?? null, names);
  };
}
