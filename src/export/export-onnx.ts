/**
 * @file A model directory in the layout that transformers.js reads: the configuration and the tokenizer as they were, and the graphs
 * with their weights in onnx/.
 */

import { parseObject } from "../files/json.ts";
import { writeFileAtomic } from "../host/atomic.ts";
import { exists, readBytes, writeFile } from "../host/content.ts";
import type { FileStore } from "../host/host.ts";
import { dirname, join } from "../host/path.ts";
import type { Tensors } from "../graph/tensors.ts";
import type { Model, Task } from "../models/model.ts";
import {
  CONFIG_FILE,
  DEFAULT_TEMPLATE,
  furtherTemplates,
  templatesInFiles,
} from "../text/tokenizers/tokenizer-files.ts";
import { CONFIG, GENERATION_CONFIG } from "../weights/files/file-names.ts";
import { formatJson } from "../weights/save-directory.ts";
import { causalGraph } from "./graphs/causal-graph.ts";
import {
  classifierGraph,
  embeddingGraph,
  imageClassifierGraph,
  maskedGraph,
} from "./graphs/encoder-graphs.ts";
import { compressWeights, type OnnxDType } from "./graphs/compressed-weights.ts";
import type { ModelSource } from "./model-source.ts";
import { onnxFile, writeOnnx } from "./onnx-file.ts";
import { decoderGraph, encoderGraph } from "./graphs/seq2seq-graphs.ts";

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

/** What transformers.js puts behind the name of a graph, by the type that it is asked for. */
const ENDINGS: Readonly<Record<OnnxDType, string>> = {
  fp32: "",
  fp16: "_fp16",
  q8: "_quantized",
  q4: "_q4",
};

/** What belongs to a model besides its weights and the files of training. */
const COMPANION =
  /^(?:(?:generation_|tokenizer_|preprocessor_)?config|special_tokens_map|tokenizer|vocab|added_tokens)\.json$|^(?:chat_template\.jinja|merges\.txt|vocab\.txt|README\.md)$/;

/**
 * Writes a model into `output`, which is made if need be.
 *
 * @returns the paths of the graphs, relative to the directory
 * @throws {UsageError} if an ONNX file cannot hold the model, before anything is written; or if weights are missing, before any is.
 */
export async function exportOnnx(
  store: FileStore,
  source: ModelSource,
  output: string,
  dtype: OnnxDType,
): Promise<readonly string[]> {
  const { model } = source;
  const shapes = new Map([...model.params].map(([name, { shape }]) => [name, shape] as const));
  const files = Object.entries(GRAPHS[model.task](model)).map(
    ([name, outputs]) =>
      [
        join("onnx", `${name}${ENDINGS[dtype]}.onnx`),
        onnxFile(compressWeights(outputs, shapes, dtype)),
      ] as const,
  );
  await store.makeDirectory(join(output, "onnx"));
  for (const [path, file] of files) {
    await writeFileAtomic(store, join(output, path), (target) =>
      writeOnnx(target, file, source.weights()),
    );
  }
  for (const [path, content] of await companionsOf(store, source)) {
    if (path.includes("/")) await store.makeDirectory(dirname(join(output, path)));
    await writeFile(store, join(output, path), content);
  }
  return files.map(([path]) => path);
}

/** What stands beside the graphs, by path: the files of a directory as they are, or what stands for them. */
async function companionsOf(
  store: FileStore,
  { model, home, isPlain, generationConfig, files }: ModelSource,
): Promise<ReadonlyMap<string, Uint8Array | string>> {
  const isDirectory = (await store.stat(home))?.kind === "directory";
  const found = new Map<string, Uint8Array | string>();
  if (isPlain && isDirectory && (await exists(store, join(home, CONFIG)))) {
    const names = (await store.list(home))
      .map(({ name }) => name)
      .filter((name) => COMPANION.test(name));
    for (const path of [...names, ...(await furtherTemplates(store, home))]) {
      found.set(path, await readBytes(store, join(home, path)));
    }
  } else {
    found.set(CONFIG, formatJson(model.config));
    if (generationConfig) found.set(GENERATION_CONFIG, formatJson(generationConfig));
    for (const [path, content] of await files()) found.set(path, content);
  }
  return withTemplates(found);
}

/** transformers.js looks for chat templates in the configuration of the tokenizer alone. */
function withTemplates(
  files: ReadonlyMap<string, Uint8Array | string>,
): ReadonlyMap<string, Uint8Array | string> {
  const texts = new Map(Array.from(files, ([path, content]) => [path, textOf(content)] as const));
  const templates = templatesInFiles(texts);
  if (templates.size === 0) return files;
  const config = parseObject(CONFIG_FILE, texts.get(CONFIG_FILE) ?? "{}");
  const only = templates.size === 1 ? templates.get(DEFAULT_TEMPLATE) : undefined;
  const named = Array.from(templates, ([name, template]) => ({ name, template }));
  const content = { ...config, chat_template: only ?? named };
  return new Map([...files, [CONFIG_FILE, `${JSON.stringify(content, null, 2)}\n`]]);
}

const textOf = (content: Uint8Array | string): string =>
  typeof content === "string" ? content : new TextDecoder().decode(content);
