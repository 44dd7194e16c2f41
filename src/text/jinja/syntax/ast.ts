/** @file What a template consists of. */

import type { Value } from "../values/value.ts";

/** The arguments of a call as they are written. */
export interface Given {
  readonly args: readonly Expression[];
  readonly named: readonly (readonly [name: string, value: Expression])[];
  /** After `*` and `**`. */
  readonly spread?: Expression;
  readonly spreadNamed?: Expression;
}

/** A filter or a test by name, with its arguments. */
export interface Named extends Given {
  readonly name: string;
}

export type Expression =
  | { readonly type: "constant"; readonly value: Value }
  | { readonly type: "name"; readonly name: string }
  | { readonly type: "list" | "tuple"; readonly items: readonly Expression[] }
  | { readonly type: "dict"; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly type: "attribute"; readonly object: Expression; readonly name: string }
  | { readonly type: "item"; readonly object: Expression; readonly key: Expression }
  | {
      readonly type: "slice";
      readonly object: Expression;
      readonly bounds: readonly (Expression | undefined)[];
    }
  | { readonly type: "call"; readonly callee: Expression; readonly given: Given }
  | { readonly type: "filter"; readonly operand: Expression; readonly filter: Named }
  | { readonly type: "test"; readonly operand: Expression; readonly test: Named }
  | {
      readonly type: "binary";
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly type: "compare";
      readonly first: Expression;
      readonly rest: readonly (readonly [operator: string, right: Expression])[];
    }
  | { readonly type: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | { readonly type: "not" | "negative" | "positive"; readonly operand: Expression }
  | {
      readonly type: "if";
      readonly test: Expression;
      readonly value: Expression;
      readonly otherwise: Expression | undefined;
    };

/** What is assigned to. */
export type Target =
  | { readonly type: "name"; readonly name: string }
  | { readonly type: "tuple"; readonly items: readonly Target[] }
  | { readonly type: "field"; readonly name: string; readonly field: string };

export interface Parameter {
  readonly name: string;
  readonly byDefault: Expression | undefined;
}

export type Block = readonly Statement[];

export interface ForStatement {
  readonly type: "for";
  readonly target: Target;
  readonly iterable: Expression;
  readonly test: Expression | undefined;
  readonly body: Block;
  readonly otherwise: Block;
}

export interface MacroStatement {
  readonly type: "macro";
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: Block;
}

export type Statement =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "print"; readonly value: Expression }
  | {
      readonly type: "branch";
      readonly test: Expression;
      readonly body: Block;
      readonly otherwise: Block;
    }
  | ForStatement
  | MacroStatement
  | { readonly type: "set"; readonly target: Target; readonly value: Expression }
  | {
      readonly type: "capture";
      readonly target: Target;
      readonly filters: readonly Named[];
      readonly body: Block;
    }
  | {
      readonly type: "call block";
      readonly call: Expression;
      readonly parameters: readonly Parameter[];
      readonly body: Block;
    }
  | { readonly type: "filter block"; readonly filters: readonly Named[]; readonly body: Block }
  | {
      readonly type: "with";
      readonly values: readonly (readonly [Target, Expression])[];
      readonly body: Block;
    }
  | { readonly type: "generation"; readonly body: Block }
  | { readonly type: "break" | "continue" };
