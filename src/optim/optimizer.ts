/**
 * @file What an optimizer is to the rest of the library: one rule or several, and which of them updates a parameter, as `partition` in
 * optax: matrices by one, say, and embeddings, the head, norms and biases by another.
 */

import type { GradientTransformation } from "./transform.ts";

/** What a rule may be chosen by. */
export interface RuledParam {
  readonly name: string;
  readonly shape: readonly number[];
  /** "matrix", "embedding", "norm", "bias" or "adapter". */
  readonly role: string;
  /** Of the weight of a linear map: the axis along which its input is multiplied. */
  readonly inputAxis?: 0 | 1;
  /** Whether it belongs to the map from the last hidden state to logits. */
  readonly isHead?: boolean;
}

/** Transformations of gradients by label, and which parameter has which label. */
export interface Optimizer {
  /** The peak rate where none is given. */
  readonly usualRate: number;
  /** Steps between subspaces that suit it, where gradients are compressed; any if absent. */
  readonly resampleEvery?: number | undefined;
  /** The rules by label. */
  readonly rules: Readonly<Record<string, GradientTransformation>>;
  /** The label of the rule that updates a parameter. */
  labelOf(param: RuledParam): string;
}

/** A number that an optimizer may be told. */
export interface Hyperparameter {
  readonly default: number;
  readonly help: string;
  /** Bounds, the first of them included. */
  readonly min: number;
  readonly below?: number;
}

/** Peak rates where none is given, by what is trained. Those of the library come from sweeps (`bench/rates.js`, and its table in the results). */
export interface UsualRates {
  /** The width of the model that they are for; in others they are higher or lower as these are narrower or wider. Any if absent. */
  readonly width?: number;
  /** Weights that were drawn. */
  readonly scratch: number;
  /** Weights that have learned something. */
  readonly tuning: number;
  /** Adapters. */
  readonly adapters: number;
}

/** An optimizer that can be asked for by its name. */
export interface OptimizerDefinition {
  /** What it is, for people. */
  readonly help: string;
  readonly usualRates: UsualRates;
  readonly hyperparameters: Readonly<Record<string, Hyperparameter>>;
  /** What it decays weights by when it is not told; 0 by default. */
  readonly usualDecay?: number;
  /** Steps between subspaces that suit it, where gradients are compressed; any if absent. */
  readonly resampleEvery?: number;
  /** Its rules for hyper-parameters of its own, all given, and the decoupled decay of matrices and embeddings. */
  build(
    numbers: Readonly<Record<string, number>>,
    weightDecay: number,
  ): Pick<Optimizer, "rules" | "labelOf">;
}

/** One rule for all parameters. */
export const everywhere = (rule: GradientTransformation): Pick<Optimizer, "rules" | "labelOf"> => ({
  rules: { all: rule },
  labelOf: () => "all",
});

/** The rule of a label. */
export function ruleAt({ rules }: Pick<Optimizer, "rules">, label: string): GradientTransformation {
  const rule = rules[label];
  if (rule) return rule;
  throw new Error(`optimizer: no rule "${label}"; it has ${Object.keys(rules).join(", ")}`);
}
