/** @file Statements, as functions: what a template writes. */

import type {
  Block,
  ForStatement,
  MacroStatement,
  Named,
  Parameter,
  Statement,
} from "./syntax/ast.ts";
import { evaluator, filterer } from "./evaluate.ts";
import { loopOver } from "./loop.ts";
import { str } from "./values/python-text.ts";
import { emptyOutput, type Output, textOf, write } from "./output.ts";
import { innerScope, type Machine, type Scope } from "./scope.ts";
import { assigner } from "./targets.ts";
import {
  type Arguments,
  type Callable,
  callable,
  dict,
  fault,
  isTrue,
  isUndefined,
  tuple,
  typeName,
  undefinedValue,
  type Value,
} from "./values/value.ts";

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

/** A statement, or a block, that has become a function. */
export type Run = (place: Place) => Left;

/** The statements of a block, as one function. */
export function runner(block: Block): Run {
  const runs = block.map(statementRunner);
  const runFrom = (start: number, place: Place): Left => {
    for (let i = start; i < runs.length; i += 1) {
      const { after } = place;
      const here = after && {
        ...place,
        after: () => {
          runFrom(i + 1, { ...place, after: undefined });
          after();
        },
      };
      const left = runs[i]?.(here ?? place);
      if (left) return left;
    }
    return undefined;
  };
  return (place) => runFrom(0, place);
}

function statementRunner(statement: Statement): Run {
  switch (statement.type) {
    case "text": {
      const { text } = statement;
      return ({ out }) => {
        write(out, text);
        return undefined;
      };
    }
    case "print": {
      const value = evaluator(statement.value);
      return ({ out, scope }) => {
        const text = str(value(scope));
        write(out, text);
        return undefined;
      };
    }
    case "branch": {
      const test = evaluator(statement.test);
      const [body, otherwise] = [runner(statement.body), runner(statement.otherwise)];
      return (place) => (isTrue(test(place.scope)) ? body(place) : otherwise(place));
    }
    case "for":
      return forRunner(statement);
    case "set": {
      const [assign, value] = [assigner(statement.target), evaluator(statement.value)];
      return (place) => {
        assign(value(place.scope), place);
        return undefined;
      };
    }
    case "capture": {
      const [assign, written] = [assigner(statement.target), writer(statement)];
      return (place) => {
        assign(written(place), place);
        return undefined;
      };
    }
    case "macro": {
      const [{ name }, macro] = [statement, macroMaker(statement)];
      return (place) => {
        place.scope.set(name, macro(place));
        return undefined;
      };
    }
    case "call block": {
      const call = callBlock(statement);
      return (place) => {
        const text = str(call(place));
        write(place.out, text);
        return undefined;
      };
    }
    case "filter block": {
      const written = writer(statement);
      return (place) => {
        const text = str(written(place));
        write(place.out, text);
        return undefined;
      };
    }
    case "with": {
      const values = statement.values.map(
        ([target, value]) => [assigner(target), evaluator(value)] as const,
      );
      const body = runner(statement.body);
      return (place) => {
        const inner = within(place);
        for (const [assign, value] of values) assign(value(place.scope), inner);
        return body(inner);
      };
    }
    case "generation": {
      const body = runner(statement.body);
      return (place) => {
        write(place.out, START);
        const left = body(within(place));
        write(place.out, END);
        return left;
      };
    }
    case "break":
    case "continue":
      return () => statement.type;
  }
}

/** A scope of its own, from which nothing can be run on. */
const within = ({ machine, scope, out }: Place): Place => ({
  machine,
  scope: innerScope(machine, scope),
  out,
});

/** What a block writes, which goes nowhere else, and filters make of it. */
function writer(block: {
  readonly body: Block;
  readonly filters: readonly Named[];
}): (place: Place) => Value {
  const [body, filters] = [runner(block.body), block.filters.map(filterer)];
  return (place) => {
    const out = emptyOutput();
    body({ ...within(place), out });
    return filters.reduce<Value>((found, filter) => filter(found, place.scope), textOf(out));
  };
}

function forRunner(statement: ForStatement): Run {
  const [assign, iterable] = [assigner(statement.target), evaluator(statement.iterable)];
  const test = statement.test && evaluator(statement.test);
  const [body, otherwise] = [runner(statement.body), runner(statement.otherwise)];
  return (place) => {
    const { machine, scope, after } = place;
    const passes = (item: Value): boolean => {
      if (!test) return true;
      const inner = within(place);
      assign(item, inner);
      return isTrue(test(inner.scope));
    };
    const run = (item: Value, loop: Value): Left => {
      const inner = within(place);
      inner.scope.set("loop", loop);
      assign(item, inner);
      return body(inner);
    };
    const loop = loopOver(iterable(scope), passes);
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
    return count === 0 ? otherwise(place) : undefined;
  };
}

/** What makes a macro where it is defined. It writes when it is called. */
function macroMaker({
  name,
  parameters,
  body: block,
}: Omit<MacroStatement, "type">): (place: Place) => Callable {
  const source = JSON.stringify(block);
  const usesExtra = (variable: string) => source.includes(`"name":"${variable}"`);
  const [takesMore, takesNamed] = [usesExtra("varargs"), usesExtra("kwargs")];
  const [body, bind] = [runner(block), parameterBinder(name, parameters)];
  return (place) =>
    callable((given) => {
      const inner = within(place);
      const { caller, rest } = bind(given, inner);
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
      const out = emptyOutput();
      body({ ...inner, out });
      return textOf(out);
    });
}

function parameterBinder(macro: string, parameters: readonly Parameter[]) {
  const bindings = parameters.map(({ name, byDefault }) => ({
    name,
    missing: byDefault
      ? evaluator(byDefault)
      : () => undefinedValue(`parameter '${name}' of '${macro}' was not provided`),
  }));
  return ({ args, named }: Arguments, { scope }: Place) => {
    const rest = new Map(named);
    const caller = rest.get("caller");
    rest.delete("caller");
    for (const [i, { name, missing }] of bindings.entries()) {
      const value = i < args.length ? args[i] : rest.get(name);
      rest.delete(name);
      scope.set(name, value === undefined ? missing(scope) : value);
    }
    return { caller, rest };
  };
}

function callBlock({
  call,
  parameters,
  body,
}: Extract<Statement, { type: "call block" }>): (place: Place) => Value {
  if (call.type !== "call") {
    return () => {
      throw fault("a call block needs a call");
    };
  }
  const caller = macroMaker({ name: "caller", parameters, body });
  const callee = evaluator(call.callee);
  const named = [...call.given.named, ["caller", { type: "name", name: "caller" }]] as const;
  const called = evaluator({ ...call, given: { ...call.given, named } });
  return (place) => {
    const macro = callee(place.scope);
    if (isUndefined(macro)) throw fault(macro.why);
    if (macro === null || typeof macro !== "object" || macro.kind !== "function") {
      throw fault(`'${typeName(macro)}' object is not callable`);
    }
    const inner = innerScope(place.machine, place.scope);
    inner.set("caller", caller(place));
    return called(inner);
  };
}
