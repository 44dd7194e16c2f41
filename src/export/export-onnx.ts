/**
 * @file A model directory in the layout that transformers.js reads: the configuration and the tokenizer as they were, and the graphs
 * with their weights in onnx/.
 */

import { writeFileAtomic } from "../host/atomic.ts";
import { readJsonObject } from "../files/read-json.ts";
import { exists, readBytes, readText, writeFile } from "../host/content.ts";
import type { FileStore } from "../host/host.ts";
import { join } from "../host/path.ts";
import type { Tensors } from "../graph/tensors.ts";
import { type Model, paramsInUse, type Task } from "../models/model.ts";
import { modelFromConfig } from "../models/architectures/registry.ts";
import { elementCount } from "../tensor/shape.ts";
import {
  CHAT_TEMPLATE_FILE,
  CHAT_TEMPLATE_FOLDER,
  CONFIG_FILE,
  DEFAULT_TEMPLATE,
  furtherTemplates,
  templatesInFiles,
} from "../text/tokenizers/tokenizer-files.ts";
import { eachWeight, readConfig } from "../weights/index.ts";
import { causalGraph } from "./causal-graph.ts";
import {
  classifierGraph,
  embeddingGraph,
  imageClassifierGraph,
  maskedGraph,
} from "./encoder-graphs.ts";
import { onnxFile, writeOnnx } from "./onnx-file.ts";
import { decoderGraph, encoderGraph } from "./seq2seq-graphs.ts";

/** The graphs of a task by the names of their files. */
const GRAPHS: Readonly<Record<Task, (model: Model) => Readonly<Record<string, Tensors>>>> = {
  causal: (model) => ({ model: causalGraph(model) }),
  seq2seq: (model) => ({
    encoder_model: encoderGraph(model),
    decoder_model_merged: decoderGraph(model),
  }),
  masked: (model) => ({ model: maskedGraph(model) }),
  classification: (model) => ({ model: classifierGraph(model) }),
  embedding: (model) => ({ model: embeddingGraph(model) }),
  "image-classification": (model) => ({ model: imageClassifierGraph(model) }),
};

/** What belongs to a model besides its weights and the files of training. */
const COMPANION =
  /^(?:(?:generation_|tokenizer_|preprocessor_)?config|special_tokens_map|tokenizer|vocab|added_tokens)\.json$|^(?:chat_template\.jinja|merges\.txt|vocab\.txt|README\.md)$/;

export interface Exported {
  /** The paths of the graphs, relative to the directory. */
  readonly graphs: readonly string[];
  readonly parameterCount: number;
}

/**
 * Writes the model of `directory` into `output`, which is made if need be.
 *
 * @throws {UsageError} if an ONNX file cannot hold the model, before anything is written; or if weights are missing, before any is.
 */
export async function exportOnnx(
  store: FileStore,
  directory: string,
  output: string,
): Promise<Exported> {
  const model = modelFromConfig(await readConfig(store, directory));
  const shapes = new Map([...model.params].map(([name, { shape }]) => [name, shape] as const));
  const files = Object.entries(GRAPHS[model.task](model)).map(
    ([name, outputs]) => [join("onnx", `${name}.onnx`), onnxFile(outputs, shapes.keys())] as const,
  );
  const inUse = paramsInUse(model);
  // A head that is missing is not to be drawn here.
  const optional = [...shapes.keys()].filter((name) => !inUse.has(name));
  await store.makeDirectory(join(output, "onnx"));
  for (const [path, file] of files) {
    const weights = eachWeight(store, directory, shapes, { ...model.checkpoint, optional });
    await writeFileAtomic(store, join(output, path), (target) => writeOnnx(target, file, weights));
  }
  const companions = (await store.list(directory)).filter(({ name }) => COMPANION.test(name));
  const templates = await furtherTemplates(store, directory);
  if (templates.length > 0) await store.makeDirectory(join(output, CHAT_TEMPLATE_FOLDER));
  for (const path of [...companions.map(({ name }) => name), ...templates]) {
    await writeFile(store, join(output, path), await readBytes(store, join(directory, path)));
  }
  await writeTemplate(store, directory, output);
  const counts = [...inUse].map((name) => elementCount(shapes.get(name) ?? []));
  return {
    graphs: files.map(([path]) => path),
    parameterCount: counts.reduce((sum, count) => sum + count, 0),
  };
}

/** transformers.js looks for chat templates in the configuration of the tokenizer alone. */
async function writeTemplate(store: FileStore, directory: string, output: string): Promise<void> {
  const paths = [CHAT_TEMPLATE_FILE, ...(await furtherTemplates(store, directory))];
  const files = new Map<string, string>();
  for (const path of paths) {
    const file = join(directory, path);
    if (await exists(store, file)) files.set(path, await readText(store, file));
  }
  const templates = templatesInFiles(files);
  if (templates.size === 0) return;
  const path = join(directory, CONFIG_FILE);
  const config = (await exists(store, path)) ? await readJsonObject(store, path) : {};
  const only = templates.size === 1 ? templates.get(DEFAULT_TEMPLATE) : undefined;
  const named = Array.from(templates, ([name, template]) => ({ name, template }));
  const content = { ...config, chat_template: only ?? named };
  await writeFile(store, join(output, CONFIG_FILE), `${JSON.stringify(content, null, 2)}\n`);
}
