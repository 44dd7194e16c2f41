/** Models of sentence-transformers are read as their files say: golden/make_sentence_transformers.py. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { FormatError, UsageError } from "../../src/errors.ts";
import { modelFromConfig } from "../../src/models/architectures/registry.ts";
import { embedTexts, similarityOf } from "../../src/predict/index.ts";
import { nodeHost } from "../../src/host/node.ts";
import { parseConfig } from "../../src/options/config.ts";
import { modelOf } from "../../src/train/setup/model.ts";
import { cpuRuntime } from "../../src/runtime/node.ts";
import { float32 } from "../../src/tensor/host-tensor.ts";
import { loadModel, writeSafetensors } from "../support/on-node.ts";

type Json = Readonly<Record<string, unknown>>;

interface Golden {
  readonly files: Readonly<Record<string, Json>>;
  /** Multiples of 2^-8, by name. */
  readonly weights: Readonly<Record<string, readonly number[]>>;
  readonly texts: readonly string[];
  readonly cases: readonly {
    readonly name: string;
    readonly files: Json;
    readonly prompt: string | null;
    readonly vectors: readonly (readonly number[])[];
    /** Of the second and the third text. */
    readonly similarity: number;
  }[];
}

const golden: Golden = JSON.parse(
  readFileSync(new URL("../golden/sentence_transformers.json", import.meta.url), "utf8"),
);
const root = mkdtempSync(join(tmpdir(), "flora-sentence-"));
afterAll(() => rmSync(root, { recursive: true }));
const runtime = cpuRuntime({ threads: 1 });

let made = 0;
/** A directory of the model with these files besides; the name of a folder stands before a slash. */
async function directoryWith(files: Json): Promise<string> {
  made += 1;
  const dir = join(root, String(made));
  for (const [name, content] of Object.entries({ ...golden.files, ...files })) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), JSON.stringify(content));
  }
  const { params } = modelFromConfig(golden.files["config.json"] ?? {});
  const weights = Object.entries(golden.weights).map(([name, numbers]) => {
    const data = Float32Array.from(numbers, (number) => number / 256);
    return [name, float32(params.get(name)?.shape ?? [], data)] as const;
  });
  await writeSafetensors(join(dir, "model.safetensors"), weights);
  return dir;
}

const loaded = async (files: Json) => loadModel(runtime, { directory: await directoryWith(files) });

describe("vectors of sentence-transformers", () => {
  it.each(golden.cases)("$name", async ({ files, prompt, vectors, similarity }) => {
    const model = await loaded(files);
    const found = await embedTexts(model, runtime, golden.texts, { prompt: prompt ?? undefined });
    for (const [i, expected] of vectors.entries()) {
      const vector = found[i] ?? new Float32Array();
      const far = expected.map((x, at) => Math.abs(x - (vector[at] ?? Number.NaN)));
      expect(Math.max(...far), golden.texts[i]).toBeLessThan(1e-5);
      expect(vector).toHaveLength(expected.length);
    }
    const [, a = new Float32Array(), b = new Float32Array()] = found;
    expect(similarityOf(model, a, b)).toBeCloseTo(similarity, 4);
  });
});

const [first] = golden.cases;
const FILES = first?.files ?? {};
const module = (type: string, path = "") => ({
  type: `sentence_transformers.models.${type}`,
  path,
});
const pooling = module("Pooling", "1_Pooling");
const mean = { embedding_dimension: 8, pooling_mode: "mean" };

describe("refuses", () => {
  it.each<readonly [Json, typeof UsageError | typeof FormatError, string]>([
    [{ "modules.json": {} }, FormatError, "modules.json: must be a list of modules; got an object"],
    [{ "modules.json": [{ type: 1 }] }, FormatError, "a module must have a type and a path"],
    [
      { "modules.json": [module("Transformer")] },
      UsageError,
      "must begin with a Transformer and a Pooling; got Transformer",
    ],
    [{ "modules.json": [module("CLIPModel"), pooling] }, UsageError, "got CLIPModel, Pooling"],
    [
      { "modules.json": [module("Transformer", "0_T"), pooling] },
      UsageError,
      "the Transformer must lie beside it; got the folder 0_T",
    ],
    ...["Dense", "CNN", "LSTM", "LayerNorm", "WordWeights", "Next"].map(
      (kind) =>
        [
          { "modules.json": [module("Transformer"), pooling, module(kind, "2")] },
          UsageError,
          `modules.json: a module ${kind} is not supported`,
        ] as const,
    ),
    [
      { "1_Pooling/config.json": { ...mean, pooling_mode: "median" } },
      FormatError,
      "pooling_mode: must be one of cls, max, mean",
    ],
    [
      { "1_Pooling/config.json": { ...mean, include_prompt: false } },
      UsageError,
      "include_prompt is not supported; got false",
    ],
    [
      { "1_Pooling/config.json": { ...mean, pooling_mode_next: true } },
      UsageError,
      "pooling_mode_next is not supported; got true",
    ],
    [
      { "sentence_bert_config.json": { max_seq_length: "5" } },
      FormatError,
      "max_seq_length: must be a whole number above 0",
    ],
    [
      { "sentence_bert_config.json": { query_length: 8 } },
      UsageError,
      "query_length is not supported; got 8",
    ],
    [
      { "sentence_bert_config.json": { transformer_task: "fill-mask" } },
      UsageError,
      "transformer_task is not supported",
    ],
    [
      { "config_sentence_transformers.json": { prompts: { a: 1 } } },
      FormatError,
      "prompts: must be a table of texts",
    ],
    [
      { "config_sentence_transformers.json": { default_prompt_name: "x" } },
      FormatError,
      "default_prompt_name: must be the name of a prompt",
    ],
    [
      { "config_sentence_transformers.json": { similarity_fn_name: "maxsim" } },
      FormatError,
      "similarity_fn_name: must be one of cosine, dot",
    ],
    [
      { "config_sentence_transformers.json": { model_type: "SparseEncoder" } },
      UsageError,
      "model_type is not supported",
    ],
  ])("%j", async (files, kind, message) => {
    const loading = loaded({ ...FILES, ...files });
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toBeInstanceOf(kind);
  });

  it("a prompt that the model does not have", async () => {
    const settings = { prompts: { query: "q: ", passage: "p: " } };
    const model = await loaded({ ...FILES, "config_sentence_transformers.json": settings });
    await expect(embedTexts(model, runtime, ["a"], { prompt: "q" })).rejects.toMatchObject({
      message: "prompt: the model has no such prompt; got q",
      hint: "it has query, passage",
    });
  });
});

it("is not trained as what it is not", async () => {
  const { files } = nodeHost();
  const directory = await directoryWith({
    ...FILES,
    "1_Pooling/config.json": { ...mean, pooling_mode: "cls" },
  });
  const config = parseConfig({ train: "a.txt", model: directory });
  await expect(modelOf(files, config)).rejects.toThrow(
    "its vectors are not means over tokens, which training takes; got cls",
  );
  const usual = await directoryWith(FILES);
  expect((await modelOf(files, { ...config, model: usual })).task).toBe("embedding");
});

it("reads a file of sentence-transformers 6 with all that it says of itself", async () => {
  const model = await loaded({
    ...FILES,
    "modules.json": [
      { type: "sentence_transformers.base.modules.transformer.Transformer", path: "" },
      {
        type: "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
        path: "1_Pooling",
      },
      { type: "sentence_transformers.base.modules.normalize.Normalize", path: "2_Normalize" },
    ],
    "sentence_bert_config.json": {
      transformer_task: "feature-extraction",
      modality_config: { text: { method: "forward", method_output_name: "last_hidden_state" } },
      module_output_name: "token_embeddings",
    },
  });
  expect(model.sentence).toEqual({
    pooling: ["mean"],
    normalizes: true,
    maxLength: 14,
    lowercases: false,
    prompts: {},
    defaultPrompt: undefined,
    similarity: "cosine",
  });
});
