/** @file Statements: what a template writes. */

import type {
  Block,
  ForStatement,
  MacroStatement,
  Parameter,
  Statement,
  Target,
} from "./syntax/ast.ts";
import { evaluate, filtered } from "./evaluate.ts";
import { loopOver } from "./loop.ts";
import { str } from "./values/python-text.ts";
import { assign, innerScope, type Machine, type Scope } from "./scope.ts";
import {
  type Arguments,
  type Callable,
  callable,
  dict,
  fault,
  isTrue,
  isUndefined,
  itemsOf,
  tuple,
  typeName,
  undefinedValue,
  type Value,
} from "./values/value.ts";

/** What has been written. */
export interface Output {
  text: string;
}

/** Two code points that are no characters, so that no message has them. */
export const START = "\uFDD0";
export const END = "\uFDD1";

/** Where a block runs. */
export interface Place {
  readonly machine: Machine;
  readonly scope: Scope;
  readonly out: Output;
  /** What runs after this block, up to the end of the template; undefined where it cannot be run by itself. */
  readonly after?: (() => void) | undefined;
}

/** How a block was left. */
type Left = "break" | "continue" | undefined;

/** Runs the statements of a block, from one of them on. */
export function runBlock(block: Block, place: Place, from = 0): Left {
  for (let i = from; i < block.length; i += 1) {
    const statement = block[i];
    if (!statement) break;
    const { after } = place;
    const rest = after && {
      ...place,
      after: () => {
        runBlock(block, { ...place, after: undefined }, i + 1);
        after();
      },
    };
    const left = runStatement(statement, rest ?? place);
    if (left) return left;
  }
  return undefined;
}

function runStatement(statement: Statement, place: Place): Left {
  const { scope, out } = place;
  switch (statement.type) {
    case "text":
      out.text += statement.text;
      return undefined;
    case "print":
      out.text += str(evaluate(statement.value, scope));
      return undefined;
    case "branch":
      return runBlock(
        isTrue(evaluate(statement.test, scope)) ? statement.body : statement.otherwise,
        place,
      );
    case "for":
      return runFor(statement, place);
    case "set":
      assignTo(statement.target, evaluate(statement.value, scope), place);
      return undefined;
    case "capture": {
      const text = written(statement.body, place);
      const value = statement.filters.reduce<Value>(
        (found, each) => filtered(found, each, scope),
        text,
      );
      assignTo(statement.target, value, place);
      return undefined;
    }
    case "macro":
      scope.set(statement.name, macroOf(statement, place));
      return undefined;
    case "call block":
      out.text += str(runCall(statement, place));
      return undefined;
    case "filter block": {
      const text = written(statement.body, place);
      out.text += str(
        statement.filters.reduce<Value>((found, each) => filtered(found, each, scope), text),
      );
      return undefined;
    }
    case "with": {
      const inner = within(place);
      for (const [target, value] of statement.values) {
        assignTo(target, evaluate(value, scope), inner);
      }
      return runBlock(statement.body, inner);
    }
    case "generation": {
      out.text += START;
      const left = runBlock(statement.body, within(place));
      out.text += END;
      return left;
    }
    case "break":
    case "continue":
      return statement.type;
  }
}

/** A scope of its own, from which nothing can be run on. */
const within = (place: Place): Place => ({
  ...place,
  scope: innerScope(place.machine, place.scope),
  after: undefined,
});

/** What a block writes, which goes nowhere else. */
function written(body: Block, place: Place): string {
  const out: Output = { text: "" };
  runBlock(body, { ...within(place), out });
  return out.text;
}

function runFor({ target, iterable, test, body, otherwise }: ForStatement, place: Place): Left {
  const { machine, scope, after } = place;
  const inLoop = () => innerScope(machine, scope);
  const passes = (item: Value): boolean => {
    if (!test) return true;
    const inner = inLoop();
    assignTo(target, item, { ...place, scope: inner });
    return isTrue(evaluate(test, inner));
  };
  const run = (item: Value, loop: Value): Left => {
    const inner = inLoop();
    inner.set("loop", loop);
    assignTo(target, item, { ...place, scope: inner });
    return runBlock(body, { ...place, scope: inner, after: undefined });
  };
  const loop = loopOver(evaluate(iterable, scope), passes);
  let count = 0;
  for (let step = loop.next(undefined); step; step = loop.next(step)) {
    const now = step;
    if (after && now.message !== undefined) {
      machine.atMessage?.(now.message, () => {
        // With the last message that is there the loop is over, or it is left.
        run(now.item, loop.variable(now, machine));
        after();
      });
    }
    count += 1;
    if (run(now.item, loop.variable(now, machine)) === "break") break;
  }
  return count === 0 ? runBlock(otherwise, place) : undefined;
}

function assignTo(target: Target, value: Value, place: Place): void {
  if (target.type === "name") {
    place.scope.set(target.name, value);
  } else if (target.type === "field") {
    const object = place.scope.get(target.name);
    if (object === null || typeof object !== "object" || object.kind !== "namespace") {
      throw fault("cannot assign attribute on non-namespace object");
    }
    assign(place.machine, object.entries, target.field, value);
  } else {
    const items = itemsOf(value);
    if (items.length !== target.items.length) {
      throw fault(`expected ${target.items.length} values to unpack; got ${items.length}`);
    }
    for (const [i, each] of target.items.entries()) assignTo(each, items[i] ?? null, place);
  }
}

/** What a macro writes when it is called. */
function macroOf({ name, parameters, body }: Omit<MacroStatement, "type">, place: Place): Callable {
  const usesExtra = (variable: string) => JSON.stringify(body).includes(`"name":"${variable}"`);
  const [takesMore, takesNamed] = [usesExtra("varargs"), usesExtra("kwargs")];
  return callable((given) => {
    const inner = within(place);
    const { caller, rest } = bindParameters(name, parameters, given, inner);
    if (caller) inner.scope.set("caller", caller);
    const more = given.args.slice(parameters.length);
    if (more.length > 0 && !takesMore) {
      throw fault(`macro '${name}' takes not more than ${parameters.length} argument(s)`);
    }
    const [unknown] = rest.keys();
    if (unknown !== undefined && !takesNamed) {
      throw fault(`macro '${name}' takes no keyword argument '${unknown}'`);
    }
    if (takesMore) inner.scope.set("varargs", tuple(more));
    if (takesNamed) inner.scope.set("kwargs", dict(rest));
    const out: Output = { text: "" };
    runBlock(body, { ...inner, out });
    return out.text;
  });
}

function bindParameters(
  name: string,
  parameters: readonly Parameter[],
  { args, named }: Arguments,
  { scope }: Place,
) {
  const rest = new Map(named);
  const caller = rest.get("caller");
  rest.delete("caller");
  for (const [i, parameter] of parameters.entries()) {
    const value = i < args.length ? args[i] : rest.get(parameter.name);
    rest.delete(parameter.name);
    const missing = () =>
      parameter.byDefault
        ? evaluate(parameter.byDefault, scope)
        : undefinedValue(`parameter '${parameter.name}' of '${name}' was not provided`);
    scope.set(parameter.name, value === undefined ? missing() : value);
  }
  return { caller, rest };
}

function runCall(
  { call, parameters, body }: Extract<Statement, { type: "call block" }>,
  place: Place,
): Value {
  if (call.type !== "call") throw fault("a call block needs a call");
  const caller = macroOf({ name: "caller", parameters, body }, place);
  const callee = evaluate(call.callee, place.scope);
  if (isUndefined(callee)) throw fault(callee.why);
  if (callee === null || typeof callee !== "object" || callee.kind !== "function") {
    throw fault(`'${typeName(callee)}' object is not callable`);
  }
  const inner = innerScope(place.machine, place.scope);
  inner.set("caller", caller);
  const named = [...call.given.named, ["caller", { type: "name", name: "caller" }]] as const;
  return evaluate({ ...call, given: { ...call.given, named } }, inner);
}
