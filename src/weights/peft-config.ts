/**
 * @file The settings of an adapter as peft writes them, adapter_config.json. Fields that would change the function and are not computed
 * here are refused, not ignored.
 */

import { FormatError, option, UsageError } from "../errors.ts";
import { describeJson, isObject, type JsonObject, type JsonValue } from "../files/json.ts";
import { readJsonObject } from "../files/read-json.ts";
import { exists } from "../host/content.ts";
import type { FileStore } from "../host/host.ts";
import { join } from "../host/path.ts";
import { ADAPTER_CONFIG } from "./files/file-names.ts";

/** The fields of adapter_config.json that matter here. */
export interface PeftConfig {
  readonly base_model_name_or_path: string | null;
  /** The task by peft's name, such as CAUSAL_LM. */
  readonly task_type: string | null;
  readonly r: number;
  readonly lora_alpha: number;
  /** By regular expressions of module names; the first that fits counts. */
  readonly rank_pattern: Readonly<Record<string, number>>;
  readonly alpha_pattern: Readonly<Record<string, number>>;
  /** Ends of module names, or a regular expression. */
  readonly target_modules: readonly string[] | string;
  /** As `target_modules`, of those that have none. */
  readonly exclude_modules?: readonly string[] | string;
  /** Numbers of the layers that have adapters; all if absent. */
  readonly layers_to_transform?: readonly number[];
  /** Names of the lists that layers are counted in; any if absent. */
  readonly layers_pattern?: readonly string[];
  readonly modules_to_save: readonly string[] | null;
  /** Tokens whose rows of an embedding are trained: of the modules of these names, or of that of the input. */
  readonly trainable_token_indices?:
    | Readonly<Record<string, readonly number[]>>
    | readonly number[];
  /** Whether the scale is α / √r instead of α / r. */
  readonly use_rslora: boolean;
  /** Whether lengths are trained apart from directions. */
  readonly use_dora: boolean;
  /** Whether weights are stored [in, out]. */
  readonly fan_in_fan_out: boolean;
}

/**
 * Reads adapter_config.json.
 *
 * @throws {UsageError} if there is none, or it asks for what is not supported.
 * @throws {FormatError} if it is not what its format demands.
 */
export async function readAdapterConfig(store: FileStore, dir: string): Promise<PeftConfig> {
  const path = join(dir, ADAPTER_CONFIG);
  if (!(await exists(store, path))) {
    const hint = (await exists(store, join(dir, "config.json")))
      ? `it holds a whole model: give it as ${option("model")}, not as ${option("adapter")}`
      : "name a directory that peft or flora train --method lora wrote";
    throw new UsageError(`${dir}: no ${ADAPTER_CONFIG}`, { hint });
  }
  const fields = await readJsonObject(store, path);
  checkSupported(path, fields);
  const wrong = (name: string, wanted: string): never => {
    throw new FormatError(path, `${name}: must be ${wanted}; got ${describeJson(fields[name])}`);
  };
  const number = (name: string, otherwise: number): number => {
    const value = fields[name] ?? otherwise;
    return typeof value === "number" && value > 0 ? value : wrong(name, "a number above 0");
  };
  const flag = (name: string): boolean => {
    const value = fields[name] ?? false;
    return typeof value === "boolean" ? value : wrong(name, "true or false");
  };
  const table = (name: string): Readonly<Record<string, number>> =>
    numbersOf(fields[name] ?? {}) ?? wrong(name, "an object of numbers");
  const targets = fields["target_modules"];
  const excluded = namesOf(fields["exclude_modules"]);
  const layers = numberListOf(fields["layers_to_transform"]);
  const lists = namesOf(fields["layers_pattern"]);
  const tokens = tokensOf(fields["trainable_token_indices"]);
  if (tokens === undefined) wrong("trainable_token_indices", "tokens, or tokens by module");
  if (excluded === undefined) wrong("exclude_modules", "a text or a list of texts");
  if (layers === undefined) wrong("layers_to_transform", "a number or a list of numbers");
  if (lists === undefined) wrong("layers_pattern", "a text or a list of texts");
  const saved = fields["modules_to_save"] ?? null;
  const text = (field: string): string | null => {
    const value = fields[field] ?? null;
    return value === null || typeof value === "string" ? value : wrong(field, "a text");
  };
  return {
    base_model_name_or_path: text("base_model_name_or_path"),
    task_type: text("task_type"),
    r: number("r", 8),
    lora_alpha: number("lora_alpha", 8),
    rank_pattern: table("rank_pattern"),
    alpha_pattern: table("alpha_pattern"),
    target_modules:
      typeof targets === "string"
        ? targets
        : (textsOf(targets) ?? wrong("target_modules", "a text or a list of texts")),
    ...(excluded && excluded.length > 0 && { exclude_modules: excluded }),
    ...(layers && layers.length > 0 && { layers_to_transform: layers }),
    ...(lists &&
      lists.length > 0 && { layers_pattern: typeof lists === "string" ? [lists] : lists }),
    modules_to_save:
      saved === null ? null : (textsOf(saved) ?? wrong("modules_to_save", "a list of texts")),
    ...(tokens && Object.keys(tokens).length > 0 && { trainable_token_indices: tokens }),
    use_rslora: flag("use_rslora"),
    use_dora: flag("use_dora"),
    fan_in_fan_out: flag("fan_in_fan_out"),
  };
}

/** Fields that are read, and those that say nothing of what an adapter computes, whatever they hold. */
const KNOWN: ReadonlySet<string> = new Set([
  "base_model_name_or_path",
  "task_type",
  "r",
  "lora_alpha",
  "rank_pattern",
  "alpha_pattern",
  "target_modules",
  "exclude_modules",
  "layers_to_transform",
  "layers_pattern",
  "modules_to_save",
  "trainable_token_indices",
  "use_rslora",
  "use_dora",
  "fan_in_fan_out",
  "peft_type",
  "peft_version",
  "auto_mapping",
  "revision",
  "inference_mode",
  "lora_dropout",
  "runtime_config",
  "megatron_core",
  "qalora_group_size",
  // Of initialisations, which `init_lora_weights` asks for.
  "loftq_config",
  "eva_config",
  "corda_config",
  "lora_ga_config",
]);

/** Values besides null, false and nothing under which a field changes nothing. */
const NEUTRAL: Readonly<Record<string, readonly JsonValue[]>> = {
  bias: ["none"],
  // These draw A and B and leave the base as it is; others take what they draw out of it.
  init_lora_weights: [true, "gaussian", "orthogonal", "eva"],
};

/** Refuses what is not computed as peft computes it, and whatever nobody knows here. */
function checkSupported(path: string, fields: JsonObject): void {
  if (fields["peft_type"] !== "LORA") {
    throw new UsageError(
      `${path}: only LORA adapters are supported; got peft_type ${describeJson(fields["peft_type"])}`,
    );
  }
  for (const [name, value] of Object.entries(fields)) {
    if (KNOWN.has(name) || isNothing(value) || NEUTRAL[name]?.includes(value)) continue;
    if (name === "init_lora_weights") {
      throw new UsageError(
        `${path}: init_lora_weights is not supported, for peft changes the base for it; got ${describeJson(value)}`,
        {
          hint:
            "save the adapter with peft's path_initial_model_for_weight_conversion, which makes a plain one of it, " +
            "or merge it with merge_and_unload, and load the merged model",
        },
      );
    }
    throw new UsageError(`${path}: ${name} is not supported; got ${describeJson(value)}`, {
      hint: "merge the adapter with peft's merge_and_unload, and load the merged model",
    });
  }
}

function isNothing(value: JsonValue): boolean {
  if (value === null || value === false || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function numbersOf(value: JsonValue): Readonly<Record<string, number>> | undefined {
  if (!isObject(value)) return undefined;
  const entries = Object.entries(value).flatMap(([key, each]) =>
    typeof each === "number" && each > 0 ? [[key, each] as const] : [],
  );
  return entries.length === Object.keys(value).length ? Object.fromEntries(entries) : undefined;
}

function textsOf(value: JsonValue | undefined): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const texts = value.filter((each) => typeof each === "string");
  return texts.length === value.length ? texts : undefined;
}

/** A text, or texts; none where there is nothing. */
const namesOf = (value: JsonValue = []): readonly string[] | string | undefined =>
  typeof value === "string" ? value : textsOf(value ?? []);

/** Tokens, or tokens by module; none where there is nothing. */
function tokensOf(value: JsonValue = []): PeftConfig["trainable_token_indices"] | undefined {
  if (!isObject(value)) return indicesOf(value ?? []);
  const entries = Object.entries(value).flatMap(([module, each]) => {
    const indices = indicesOf(each);
    return indices ? [[module, indices] as const] : [];
  });
  return entries.length === Object.keys(value).length ? Object.fromEntries(entries) : undefined;
}

function indicesOf(value: JsonValue): readonly number[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const indices = value.filter(
    (each) => typeof each === "number" && Number.isInteger(each) && each >= 0,
  );
  return indices.length === value.length ? indices : undefined;
}

/** Numbers, or one; none where there is nothing. */
function numberListOf(value: JsonValue = []): readonly number[] | undefined {
  if (typeof value === "number") return [value];
  const items = Array.isArray(value ?? []) ? Object.values(value ?? []) : undefined;
  const numbers = items?.filter((item) => typeof item === "number");
  return numbers?.length === items?.length ? numbers : undefined;
}
