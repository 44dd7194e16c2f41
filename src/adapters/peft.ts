/**
 * @file Adapters under peft's names and settings, and back.
 *
 * Modules there carry the names that transformers gives them, with the prefix that those of the
 * model may lack ("transformer." of GPT-2). Patterns are regular expressions that must match the end
 * of a module's path, from a dot on; the first that fits counts.
 */

import { option, UsageError } from "../errors.ts";
import { type Model, type Task, tiedHead } from "../models/model.ts";
import type { PeftConfig } from "../weights/peft-config.ts";
import {
  type Adapter,
  type AdaptedWeight,
  adaptedSizes,
  adapterNames,
  moduleOf,
  tokenHead,
  tokenTable,
} from "./adapter.ts";
import { expression, isTarget } from "./peft-targets.ts";
import { linearWeights } from "./targets.ts";
import {
  type NewTokens,
  storedTokens,
  type StoredTokens,
  type TokenRows,
  tokenSettings,
} from "./token-rows.ts";

/** The fields of adapter_config.json that say how adapters are scaled, and which modules have them. */
export type PeftSettings = Omit<PeftConfig, "base_model_name_or_path">;

/** The name of a parameter or of a module in an adapter directory, without "base_model.model."; a head stands beside what has the prefix. */
export function peftName(model: Model, name: string): string {
  const head = moduleOf(tokenHead(model) ?? "");
  const isOfHead = head !== "" && (name === head || name.startsWith(`${head}.`));
  return isOfHead ? name : `${model.checkpoint.modulePrefix ?? ""}${name}`;
}

/** The name that the model has for a tensor of an adapter directory. */
function modelName({ checkpoint: { modulePrefix: prefix = "" } }: Model, stored: string): string {
  return stored.startsWith(prefix) ? stored.slice(prefix.length) : stored;
}

/** The adapters that a peft directory describes. */
export interface StoredAdapters {
  readonly adapters: readonly Adapter[];
  /** Stored names of A, B, m and of modules saved whole, by the model's names. */
  readonly stored: ReadonlyMap<string, string>;
  /** Rows of single tokens, by their stored names. */
  readonly rows: ReadonlyMap<string, TokenRows>;
}

/**
 * The adapters of a directory for a model.
 *
 * @param shapes - of the stored tensors, by names without "base_model.model."
 * @throws {UsageError} that names every tensor that does not fit.
 */
export function adaptersOf(
  model: Model,
  settings: PeftSettings,
  shapes: ReadonlyMap<string, readonly number[]>,
): StoredAdapters {
  const named = new Map([...shapes.keys()].map((name) => [modelName(model, name), name] as const));
  const shapeOf = (name: string) => shapes.get(named.get(name) ?? "");
  const tokens = storedTokens(
    model,
    settings,
    new Map([...named].map(([name, storedName]) => [name, shapes.get(storedName) ?? []])),
  );
  const adapters = adaptable(model).flatMap((own): Adapter[] => {
    const rank = shapeOf(adapterNames(own).a)?.[0];
    if (rank === undefined) return [];
    const scale = scaleOf(model, settings, own.weight, rank);
    return [{ ...own, rank, scale, ...(settings.use_dora && { hasMagnitude: true }) }];
  });

  const expected = new Map<string, readonly number[]>();
  for (const adapter of adapters) {
    const { input, output } = adaptedSizes(model, adapter);
    const { a, b, m } = adapterNames(adapter);
    expected.set(a, [adapter.rank, input]).set(b, [output, adapter.rank]);
    if (adapter.hasMagnitude) expected.set(m, [output]);
  }
  for (const [name, { shape }] of model.params) if (shapeOf(name)) expected.set(name, shape);
  const tied = tiedHead(model);
  if (tied !== undefined && expected.has(tied)) {
    throw new UsageError(
      `adapter: ${tied} is also the output embedding, which peft does not train with it`,
      { hint: "merge the adapter with peft's merge_and_unload, and load the merged model" },
    );
  }
  const rowsOf = (weight: string, count: number) => model.params.get(weight)?.shape.with(0, count);
  for (const [name, own] of tokens.rows) {
    const shape = rowsOf(own.weight, own.tokens.length);
    if (shape) expected.set(name, shape);
  }
  for (const [weight, name] of tokens.tables) {
    const shape = model.params.get(weight)?.shape;
    if (shape) expected.set(name, shape);
  }
  for (const name of tokens.copies) expected.set(name, shapeOf(name) ?? []);
  checkTensors(expected, named, shapeOf);
  for (const { weight, rank } of adapters) checkModule(model, settings, weight, rank);
  if (adapters.length === 0) throw new UsageError("adapter: holds no adapter of this model");
  return { adapters, ...byModelName(named, tokens) };
}

/** What may have adapters. */
function adaptable(model: Model): readonly AdaptedWeight[] {
  const [table, head] = [tokenTable(model), tokenHead(model)];
  return [
    ...(table === undefined ? [] : [{ weight: table, isEmbedding: true }]),
    ...linearWeights(model).map((weight) => ({ weight })),
    ...(head === undefined ? [] : [{ weight: head }]),
  ];
}

/** Stored names by what they are in the model. */
function byModelName(
  named: ReadonlyMap<string, string>,
  { rows, tables, copies }: StoredTokens,
): Omit<StoredAdapters, "adapters"> {
  const ofTables = new Set(tables.values());
  const whole = [...named].filter(
    ([name]) => !rows.has(name) && !ofTables.has(name) && !copies.has(name),
  );
  const storedOf = (name: string) => named.get(name) ?? name;
  return {
    stored: new Map([
      ...whole,
      ...[...tables].map(([weight, name]) => [weight, storedOf(name)] as const),
    ]),
    rows: new Map([...rows].map(([name, own]) => [storedOf(name), own] as const)),
  };
}

function checkTensors(
  expected: ReadonlyMap<string, readonly number[]>,
  stored: ReadonlyMap<string, string>,
  shapeOf: (name: string) => readonly number[] | undefined,
): void {
  const missing = [...expected.keys()].filter((name) => !stored.has(name));
  const unexpected = [...stored.keys()].filter((name) => !expected.has(name));
  const wrong = [...expected].flatMap(([name, shape]) => {
    const got = shapeOf(name);
    const fits = got === undefined || got.join() === shape.join();
    return fits ? [] : [`${name} [${got.join(", ")}] instead of [${shape.join(", ")}]`];
  });
  const problems = [
    ["missing", missing],
    ["unexpected", unexpected],
    ["wrong", wrong],
  ] as const;
  const texts = problems.flatMap(([what, names]) =>
    names.length > 0 ? [`${what}: ${names.join(", ")}`] : [],
  );
  if (texts.length === 0) return;
  throw new UsageError(`adapter: tensors do not fit the model; ${texts.join("; ")}`, {
    hint: "give the model that the adapter was trained on",
  });
}

/** peft would leave out, or refuse, what its settings do not name. */
function checkModule(model: Model, settings: PeftSettings, weight: string, rank: number): void {
  const module = peftName(model, moduleOf(weight));
  if (!isTarget(settings, module)) {
    throw new UsageError(
      `adapter: its settings name no module ${module}, of which it holds weights`,
      {
        hint: "look at target_modules, exclude_modules and layers_to_transform of its adapter_config.json",
      },
    );
  }
  const named = ofPattern(settings.rank_pattern, module) ?? settings.r;
  if (named !== rank) {
    throw new UsageError(`adapter: ${module} has the rank ${named} by its settings; got ${rank}`);
  }
}

function scaleOf(model: Model, settings: PeftSettings, weight: string, rank: number): number {
  const alpha =
    ofPattern(settings.alpha_pattern, peftName(model, moduleOf(weight))) ?? settings.lora_alpha;
  return settings.use_rslora ? alpha / Math.sqrt(rank) : alpha / rank;
}

/** @throws {UsageError} if a pattern is no regular expression. */
const ofPattern = (table: Readonly<Record<string, number>>, module: string): number | undefined =>
  Object.entries(table).find(([pattern]) => expression(`^(.*\\.)?(${pattern})$`).test(module))?.[1];

/**
 * The settings under which peft computes what these adapters compute.
 *
 * @param saved - parameters that are trained whole beside the adapters
 * @throws {UsageError} if peft could not.
 */
export function settingsOf(
  model: Model,
  adapters: readonly Adapter[],
  saved: readonly string[],
  tokens?: NewTokens,
): PeftSettings {
  const tied = tiedHead(model);
  if (tied !== undefined && saved.includes(tied)) {
    throw new UsageError(
      `${option("modulesToSave")}: ${moduleOf(tied)} is also the output embedding, which peft would separate from it`,
    );
  }
  const [first] = adapters;
  const rank = first?.rank ?? 1;
  const alpha = (first?.scale ?? 1) * rank;
  const pattern = (different: (adapter: Adapter) => boolean, of: (adapter: Adapter) => number) =>
    Object.fromEntries(
      adapters
        .filter(different)
        .map((adapter) => [patternOf(peftName(model, moduleOf(adapter.weight))), of(adapter)]),
    );
  const owners = new Set(saved.map((name) => peftName(model, name.replace(/\.[^.]*$/, ""))));
  const modules = adapters.map(({ weight }) => peftName(model, moduleOf(weight)));
  return {
    task_type: TASK_TYPES[model.task],
    r: rank,
    lora_alpha: alpha,
    rank_pattern: pattern(
      (adapter) => adapter.rank !== rank,
      (adapter) => adapter.rank,
    ),
    alpha_pattern: pattern(
      (adapter) => adapter.scale * adapter.rank !== alpha,
      (adapter) => adapter.scale * adapter.rank,
    ),
    target_modules: shortTargets(model, modules),
    modules_to_save: owners.size === 0 ? null : [...owners],
    ...(tokens && tokenSettings(tokens)),
    use_rslora: false,
    use_dora: adapters.some((adapter) => adapter.hasMagnitude),
    fan_in_fan_out: adapters.some(
      (adapter) => !adapter.isEmbedding && adaptedSizes(model, adapter).inputAxis === 0,
    ),
  };
}

/** Tasks by peft's names. */
const TASK_TYPES: Readonly<Record<Task, string | null>> = {
  causal: "CAUSAL_LM",
  seq2seq: "SEQ_2_SEQ_LM",
  masked: null,
  classification: "SEQ_CLS",
  embedding: "FEATURE_EXTRACTION",
  "image-classification": null,
};

const patternOf = (module: string): string => module.replaceAll(".", "\\.");

/** "attn.c_attn" for all layers where all have adapters; whole paths otherwise. */
function shortTargets(model: Model, modules: readonly string[]): readonly string[] {
  const all = linearWeights(model).map((weight) => peftName(model, moduleOf(weight)));
  const chosen = new Set(modules);
  const ends = [...new Set(modules.map((module) => module.replace(/^.*\.\d+\./, "")))];
  const areWhole = ends.every((end) =>
    all.every((module) => chosen.has(module) || !module.endsWith(`.${end}`)),
  );
  return areWhole ? ends : modules;
}
