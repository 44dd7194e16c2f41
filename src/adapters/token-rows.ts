/**
 * @file Rows of single tokens in adapter directories: `trainable_token_indices` of adapter_config.json has the tokens by module, and beside
 * the adapters there are
 *
 *   <module>.token_adapter.trainable_tokens_delta    [k, d]     what stands in these rows, and no difference, in spite of its name
 *   <module>.token_adapter.base_layer.weight         [V', d]    all rows, which peft adds where it had made the vocabulary larger
 *   <module>.base_layer.weight                       [V', d]    all rows, which peft adds beside an adapter of the table
 *
 * A head that is tied to the embedding has its rows, whether they stand there a second time or not.
 */

import { UsageError } from "../errors.ts";
import type { Rows } from "../engine/parts/param-plan.ts";
import { type Model, tiedHead } from "../models/model.ts";
import { asFloat32, float32, type HostTensor } from "../tensor/host-tensor.ts";
import type { PeftConfig } from "../weights/peft-config.ts";
import { moduleOf } from "./adapter.ts";
import { grownModel, vocabularyParams } from "./grow.ts";

const ROWS = ".token_adapter.trainable_tokens_delta";
const TABLE = ".token_adapter.base_layer.weight";
const ADAPTED_TABLE = ".base_layer.weight";

type TokenSettings = Pick<PeftConfig, "trainable_token_indices">;
type Shapes = ReadonlyMap<string, readonly number[]>;

/** The name of the rows of a table, as it stands in an adapter directory behind the prefix of modules. */
export const tokenRowsName = (weight: string): string => moduleOf(weight) + ROWS;

/** New tokens, whose rows are trained beside adapters. */
export interface NewTokens {
  readonly tokens: Rows;
  /** The tables that have a row for each token: the embedding, and a head of its own. */
  readonly tables: readonly string[];
}

/** The settings under which peft finds the rows of new tokens. */
export function tokenSettings({ tables, tokens: { start, end } }: NewTokens): TokenSettings {
  const tokens = Array.from({ length: end - start }, (_, i) => start + i);
  const modules = tables.map((weight) => moduleOf(weight).replace(/^.*\./, ""));
  return { trainable_token_indices: Object.fromEntries(modules.map((name) => [name, tokens])) };
}

/** Rows of single tokens of a table. */
export interface TokenRows {
  /** The table that they belong to, by its name in the model. */
  readonly weight: string;
  readonly tokens: readonly number[];
}

/** What of an adapter directory belongs to tables of tokens, by stored names without "base_model.model." and the prefix of modules. */
export interface StoredTokens {
  readonly rows: ReadonlyMap<string, TokenRows>;
  /** Stored names of whole tables, by those of the model. */
  readonly tables: ReadonlyMap<string, string>;
  /** Second copies. */
  readonly copies: ReadonlySet<string>;
}

/** @throws {UsageError} if the settings name no tokens for rows that are there, or no rows are there for tokens that they name. */
export function storedTokens(model: Model, settings: TokenSettings, shapes: Shapes): StoredTokens {
  const rows = new Map<string, TokenRows>();
  const tables = new Map<string, string>();
  const copies = new Set<string>();
  const tied = tiedHead(model) ?? "";
  const ofHead = model.checkpoint.substitutes?.[tied] ?? [];
  for (const [name, [count]] of shapes) {
    const ending = [ROWS, TABLE, ADAPTED_TABLE].find((each) => name.endsWith(each));
    if (ending === undefined) continue;
    const weight = `${name.slice(0, -ending.length)}.weight`;
    if (ofHead.includes(weight)) copies.add(name);
    else if (ending !== ROWS) tables.set(weight, name);
    else {
      const tokens = tokensOf(model, settings, moduleOf(weight));
      if (tokens.length !== count) {
        throw new UsageError(
          `adapter: trainable_token_indices has ${tokens.length} tokens of ${moduleOf(weight)}; got ${count} rows`,
        );
      }
      rows.set(name, { weight, tokens });
    }
  }
  if (rows.size === 0 && settings.trainable_token_indices) {
    throw new UsageError("adapter: lacks the rows of the tokens in trainable_token_indices");
  }
  return { rows, tables, copies };
}

/** The tokens of a module, which a list leaves to the embedding of the input. */
function tokensOf(
  model: Model,
  { trainable_token_indices: indices = [] }: TokenSettings,
  module: string,
): readonly number[] {
  if (!isList(indices)) {
    return Object.entries(indices).find(([name]) => module.endsWith(name))?.[1] ?? [];
  }
  const [embedding = ""] = vocabularyParams(model);
  return module === moduleOf(embedding) ? indices : [];
}

const isList = (
  indices: NonNullable<TokenSettings["trainable_token_indices"]>,
): indices is readonly number[] => Array.isArray(indices);

/** The model with as many tokens as an adapter has rows for. */
export function modelForTokens(
  model: Model,
  { trainable_token_indices: indices = [] }: TokenSettings,
  shapes: Shapes,
): Model {
  const tokens = isList(indices) ? indices : Object.values(indices).flat();
  // Those beside rows, and those that are saved whole.
  const ends = [ADAPTED_TABLE, ...vocabularyParams(model)];
  const tables = [...shapes].flatMap(([name, [rows = 0]]) =>
    ends.some((end) => name.endsWith(end)) ? [rows] : [],
  );
  const size = [...tokens.map((token) => token + 1), ...tables].reduce((a, b) => Math.max(a, b), 0);
  return grownModel(model, size);
}

/** A table with some of its rows replaced; it stays as it was. */
export function withTokenRows(
  table: HostTensor,
  tokens: readonly number[],
  rows: HostTensor,
): HostTensor {
  const data = Float32Array.from(asFloat32(table));
  const width = data.length / (table.shape[0] ?? 1);
  const given = asFloat32(rows);
  for (const [i, token] of tokens.entries()) {
    data.set(given.subarray(i * width, (i + 1) * width), token * width);
  }
  return float32(table.shape, data);
}
