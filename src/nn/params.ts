/**
 * @file Parameters as models see them: a tree whose paths are the names in the checkpoint. `bindParams` is the one bridge
 * to the flat dictionaries that optimizers see.
 */

import type { Value } from "../graph/value.ts";

/** The distribution of a parameter's first values. */
export type Initializer =
  | { readonly kind: "normal"; readonly deviation: number }
  | { readonly kind: "constant"; readonly value: number }
  /** From -bound to bound. */
  | { readonly kind: "uniform"; readonly bound: number };

/** What a parameter is for: it decides what is compressed and what decays. */
export type ParamRole = "matrix" | "embedding" | "norm" | "bias" | "adapter";

/** The shape of a parameter, what it is, and how it begins. */
export interface ParamSpec {
  readonly shape: readonly number[];
  readonly role: ParamRole;
  readonly init: Initializer;
  /** Of the weight of a linear map: the axis that its input is multiplied along. */
  readonly inputAxis?: 0 | 1;
}

/** Specifications of parameters, in a tree like their names. */
export interface SpecTree {
  readonly [name: string]: ParamSpec | SpecTree;
}

/** The tree of values that belongs to a tree of specs. */
export type ParamsOf<Spec> = {
  readonly [Name in keyof Spec]: Spec[Name] extends ParamSpec ? Value : ParamsOf<Spec[Name]>;
};

interface ValueTree {
  readonly [name: string]: Value | ValueTree;
}

const isSpec = (node: ParamSpec | SpecTree): node is ParamSpec => Array.isArray(node["shape"]);

/** The parameters of a tree by their paths, `attn.c_attn.weight`. */
export function flattenSpec(tree: SpecTree, prefix = ""): ReadonlyMap<string, ParamSpec> {
  return new Map(
    Object.entries(tree).flatMap(([name, node]) =>
      isSpec(node) ? [[prefix + name, node] as const] : [...flattenSpec(node, `${prefix}${name}.`)],
    ),
  );
}

/** The tree of values that `lookup` gives for each path. */
export function bindParams<Spec extends SpecTree>(
  tree: Spec,
  lookup: (path: string) => Value,
): ParamsOf<Spec>;
export function bindParams(tree: SpecTree, lookup: (path: string) => Value): ValueTree {
  const bind = (branch: SpecTree, prefix: string): ValueTree =>
    Object.fromEntries(
      Object.entries(branch).map(([name, node]) => [
        name,
        isSpec(node) ? lookup(prefix + name) : bind(node, `${prefix}${name}.`),
      ]),
    );
  return bind(tree, "");
}
