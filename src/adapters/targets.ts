/**
 * @file Which linear maps get adapters, of which rank and scale, by patterns of module names as peft has them: `c_attn` names every
 * module whose path ends in it, and `*` stands for any text. The table of tokens and the head get one where a pattern without `*` names
 * them.
 */

import { option, UsageError } from "../errors.ts";
import type { Model } from "../models/model.ts";
import { matchesModule } from "../nn/patterns.ts";
import { type Adapter, linearSizes, moduleOf, tokenHead, tokenTable } from "./adapter.ts";
import type { AdapterStart } from "./methods.ts";

/** Which weights get adapters, of which rank. */
export interface TargetOptions {
  readonly targets: readonly string[];
  readonly rank: number;
  readonly alpha: number;
  /** Ranks and alphas of the modules that fit a pattern; the first that fits counts. */
  readonly rankPattern: Readonly<Record<string, number>>;
  readonly alphaPattern: Readonly<Record<string, number>>;
  /** Whether lengths are trained apart from directions; false if absent. */
  readonly hasMagnitude?: boolean;
  /** Where A and B begin; at random if absent. */
  readonly initAdapter?: AdapterStart;
}

/**
 * The adapters for a model.
 *
 * @throws {UsageError} if a pattern fits nothing, or the table of tokens is to begin with principal components.
 */
export function chooseAdapters(model: Model, options: TargetOptions): readonly Adapter[] {
  const weights = linearWeights(model);
  const modules = weights.map(moduleOf);
  const [table, head] = [tokenTable(model), tokenHead(model)];
  const fits = (weight: string | undefined) => (pattern: string) =>
    weight !== undefined && !pattern.includes("*") && matchesModule(pattern, moduleOf(weight));
  const [fitsTable, fitsHead] = [fits(table), fits(head)];
  const named = [
    ...options.targets.map((pattern) => ["targets", pattern] as const),
    ...Object.keys(options.rankPattern).map((pattern) => ["rankPattern", pattern] as const),
    ...Object.keys(options.alphaPattern).map((pattern) => ["alphaPattern", pattern] as const),
  ];
  for (const [name, pattern] of named) {
    if (modules.some((module) => matchesModule(pattern, module))) continue;
    if (fitsTable(pattern) || fitsHead(pattern)) continue;
    const ofTable = table === undefined ? "" : `; the table of tokens is ${moduleOf(table)}`;
    const ofHead = head === undefined ? "" : `; the head is ${moduleOf(head)}`;
    throw new UsageError(`${option(name)}: no linear map matches "${pattern}"`, {
      hint: `linear maps are ${[...new Set(modules.map(withoutLayer))].join(", ")}${ofTable}${ofHead}`,
    });
  }
  const ofTokens = [
    ...(options.targets.some(fitsTable) ? [table] : []),
    ...(options.targets.some(fitsHead) ? [head] : []),
  ].filter((weight) => weight !== undefined);
  if (table !== undefined && ofTokens.includes(table)) checkTable(table, options);
  const chosen = weights.filter((weight) =>
    options.targets.some((target) => matchesModule(target, moduleOf(weight))),
  );
  return [...ofTokens, ...chosen].map((weight) => {
    const rank = ofPattern(options.rankPattern, moduleOf(weight)) ?? options.rank;
    const alpha = ofPattern(options.alphaPattern, moduleOf(weight)) ?? options.alpha;
    const { hasMagnitude = false } = options;
    const hasInitial = options.initAdapter === "pissa";
    return {
      weight,
      rank,
      scale: alpha / rank,
      ...(hasMagnitude && { hasMagnitude }),
      ...(hasInitial && { hasInitial }),
      ...(weight === table && { isEmbedding: true }),
    };
  });
}

function checkTable(table: string, { initAdapter }: TargetOptions): void {
  if (initAdapter !== "pissa") return;
  throw new UsageError(
    `${option("targets")}: no adapter of a table of tokens begins with principal components, in peft neither; got ${moduleOf(table)}`,
    { hint: `leave it out, or ${option("initAdapter", "pissa")}` },
  );
}

/** The weights of all linear maps, by name. */
export const linearWeights = ({ params }: Model): readonly string[] =>
  [...params].flatMap(([name, spec]) => (linearSizes(spec) ? [name] : []));

const ofPattern = (table: Readonly<Record<string, number>>, module: string): number | undefined =>
  Object.entries(table).find(([pattern]) => matchesModule(pattern, module))?.[1];

/** "h.*.attn.c_attn" of "h.3.attn.c_attn". */
const withoutLayer = (module: string): string => module.replaceAll(/\.\d+\./g, ".*.");
