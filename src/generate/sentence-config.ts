/**
 * @file What the files of a sentence-transformers model say beside those of transformers:
 *
 *   modules.json                        a Transformer, its Pooling, and perhaps a Normalize
 *   1_Pooling/config.json               how the vectors of tokens become one
 *   sentence_bert_config.json           where texts end, and whether they are read in lower case
 *   config_sentence_transformers.json   what is put before texts, and how vectors are compared
 *
 * What would change the vectors and is not computed here is refused by its name.
 */

import { FormatError, UsageError } from "../errors.ts";
import { describeJson, isObject, type JsonObject, type JsonValue } from "../files/json.ts";
import { parseJson } from "../files/json-parser.ts";
import { readJsonObject } from "../files/read-json.ts";
import { exists, readText } from "../host/content.ts";
import type { FileStore } from "../host/host.ts";
import { join } from "../host/path.ts";
import { POOLING_MODES, type PoolingMode } from "../models/pooling.ts";

const SIMILARITIES = ["cosine", "dot", "euclidean", "manhattan"] as const;

/** How two vectors are compared; distances are negative. */
export type Similarity = (typeof SIMILARITIES)[number];

/** How a model of sentence-transformers makes vectors of texts, as its files say. */
export interface SentenceConfig {
  readonly pooling: readonly PoolingMode[];
  /** Whether vectors get the length 1. */
  readonly normalizes: boolean;
  /** Tokens after which a text ends; undefined if nothing is said. */
  readonly maxLength: number | undefined;
  readonly lowercases: boolean;
  /** What is put before a text, by names. */
  readonly prompts: Readonly<Record<string, string>>;
  /** The name of the one that is used if none is asked for. */
  readonly defaultPrompt: string | undefined;
  readonly similarity: Similarity;
}

/**
 * The settings of a directory; undefined if it has no modules.json.
 *
 * @throws {UsageError} that names a module or a field that is not supported.
 * @throws {FormatError} if a file is not what it should be.
 */
export async function readSentenceConfig(
  files: FileStore,
  dir: string,
): Promise<SentenceConfig | undefined> {
  const path = join(dir, "modules.json");
  if (!(await exists(files, path))) return undefined;
  const modules = modulesOf(path, parseJson(path, "JSON", await readText(files, path)));
  const [transformer, pooling, ...others] = modules;
  if (transformer?.kind !== "Transformer" || pooling?.kind !== "Pooling") {
    const got = modules.map(({ kind }) => kind).join(", ");
    throw new UsageError(`${path}: must begin with a Transformer and a Pooling; got ${got}`);
  }
  const unknown = others.find(({ kind }) => !["Normalize", "Dropout"].includes(kind));
  if (unknown) throw new UsageError(`${path}: a module ${unknown.kind} is not supported`);
  if (transformer.path !== "") {
    const what = "the Transformer must lie beside it";
    throw new UsageError(`${path}: ${what}; got the folder ${transformer.path}`);
  }
  const read = async (name: string): Promise<Fields> => {
    const file = join(dir, name);
    return new Fields(file, (await exists(files, file)) ? await readJsonObject(files, file) : {});
  };
  return {
    pooling: poolingOf(await read(join(pooling.path, "config.json"))),
    normalizes: others.some(({ kind }) => kind === "Normalize"),
    ...textsOf(
      await read("sentence_bert_config.json"),
      (await read("tokenizer_config.json")).get("model_max_length"),
    ),
    ...promptsOf(await read("config_sentence_transformers.json")),
  };
}

interface Module {
  readonly kind: string;
  readonly path: string;
}

function modulesOf(file: string, list: JsonValue): readonly Module[] {
  if (!Array.isArray(list)) {
    throw new FormatError(file, `must be a list of modules; got ${describeJson(list)}`);
  }
  return list.map((entry: JsonValue) => {
    const { type, path }: JsonObject = isObject(entry) ? entry : {};
    if (typeof type === "string" && typeof path === "string") {
      return { kind: type.replace(/^.*\./, ""), path };
    }
    throw new FormatError(file, `a module must have a type and a path; got ${describeJson(entry)}`);
  });
}

/** The fields of a file, which are all asked for, or refused. */
class Fields {
  readonly #path: string;
  readonly #fields: JsonObject;
  readonly #known = new Set<string>();

  constructor(path: string, fields: JsonObject) {
    this.#path = path;
    this.#fields = fields;
  }

  get(name: string): JsonValue {
    this.#known.add(name);
    return this.#fields[name] ?? null;
  }

  /** @throws {UsageError} */
  refuse(name: string): never {
    const got = describeJson(this.#fields[name]);
    throw new UsageError(`${this.#path}: ${name} is not supported; got ${got}`);
  }

  /** @throws {FormatError} */
  wrong(name: string, wanted: string): never {
    const got = describeJson(this.#fields[name]);
    throw new FormatError(this.#path, `${name}: must be ${wanted}; got ${got}`);
  }

  /** Refuses a field with another value than these and null. */
  expect(name: string, ...values: readonly JsonValue[]): void {
    const value = this.get(name);
    if (value !== null && !values.includes(value)) this.refuse(name);
  }

  /** Refuses what nobody asked for and says something. */
  refuseOthers(): void {
    for (const [name, value] of Object.entries(this.#fields)) {
      const isEmpty =
        typeof value === "object" && value !== null && Object.keys(value).length === 0;
      if (this.#known.has(name) || value === null || value === false || isEmpty) continue;
      this.refuse(name);
    }
  }
}

/** Ways by the flags that sentence-transformers had before version 6, in the order in which they are put together. */
const FLAGS: readonly (readonly [flag: string, mode: PoolingMode])[] = [
  ["pooling_mode_cls_token", "cls"],
  ["pooling_mode_max_tokens", "max"],
  ["pooling_mode_mean_tokens", "mean"],
  ["pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"],
  ["pooling_mode_weightedmean_tokens", "weightedmean"],
  ["pooling_mode_lasttoken", "lasttoken"],
];

function poolingOf(fields: Fields): readonly PoolingMode[] {
  const flagged = FLAGS.filter(([flag]) => fields.get(flag) === true).map(([, mode]) => mode);
  const named = fields.get("pooling_mode");
  const names = named === null ? undefined : [named].flat();
  const modes = names?.map(
    (name) =>
      POOLING_MODES.find((mode) => mode === name) ??
      fields.wrong("pooling_mode", `one of ${POOLING_MODES.join(", ")}, or several`),
  );
  fields.get("embedding_dimension");
  fields.get("word_embedding_dimension");
  fields.expect("include_prompt", true);
  fields.refuseOthers();
  if (modes && modes.length > 0) return modes;
  return flagged.length > 0 ? flagged : ["mean"];
}

/** @param ofTokenizer - the length that counts where the model has none; a very large one where the tokenizer has none either */
function textsOf(
  fields: Fields,
  ofTokenizer: JsonValue,
): Pick<SentenceConfig, "maxLength" | "lowercases"> {
  const usual = Number.isSafeInteger(ofTokenizer) ? ofTokenizer : null;
  const length = fields.get("max_seq_length") ?? usual;
  if (length !== null && (typeof length !== "number" || !Number.isInteger(length) || length < 1)) {
    return fields.wrong("max_seq_length", "a whole number above 0");
  }
  const lowercases = fields.get("do_lower_case") ?? false;
  if (typeof lowercases !== "boolean") return fields.wrong("do_lower_case", "true or false");
  fields.expect("transformer_task", "feature-extraction");
  fields.expect("module_output_name", "token_embeddings");
  const text = fields.get("modality_config");
  const { text: how = {} }: JsonObject = isObject(text) ? text : {};
  const { method = "forward", method_output_name: output = "last_hidden_state" }: JsonObject =
    isObject(how) ? how : {};
  if (method !== "forward" || output !== "last_hidden_state") fields.refuse("modality_config");
  fields.refuseOthers();
  return { maxLength: length ?? undefined, lowercases };
}

function promptsOf(
  fields: Fields,
): Pick<SentenceConfig, "prompts" | "defaultPrompt" | "similarity"> {
  const given = fields.get("prompts") ?? {};
  const entries = Object.entries(isObject(given) ? given : fields.wrong("prompts", "a table"));
  const prompts = Object.fromEntries(
    entries.map(([name, prompt]) => [
      name,
      typeof prompt === "string" ? prompt : fields.wrong("prompts", "a table of texts"),
    ]),
  );
  const name = fields.get("default_prompt_name") ?? undefined;
  if (name !== undefined && (typeof name !== "string" || !Object.hasOwn(prompts, name))) {
    return fields.wrong("default_prompt_name", "the name of a prompt");
  }
  const asked = fields.get("similarity_fn_name") ?? "cosine";
  const similarity =
    SIMILARITIES.find((each) => each === asked) ??
    fields.wrong("similarity_fn_name", `one of ${SIMILARITIES.join(", ")}`);
  fields.expect("model_type", "SentenceTransformer");
  fields.get("__version__");
  fields.refuseOthers();
  return { prompts, defaultPrompt: name, similarity };
}
