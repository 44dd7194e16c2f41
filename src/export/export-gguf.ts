/** @file A model as one GGUF file with its tokenizer, as llama.cpp reads it, and a Modelfile for ollama beside it. */

import { UsageError } from "../errors.ts";
import { parseObject } from "../files/json.ts";
import { type GgufTensorPlan, writeGguf } from "../gguf/write.ts";
import { type GgufType, writtenModel, type WrittenModel } from "../gguf/models/written-model.ts";
import { tokenizerEntries, type WritableTokenizer } from "../gguf/tokenizers/tokenizer-entries.ts";
import { writeFileAtomic } from "../host/atomic.ts";
import type { FileStore } from "../host/host.ts";
import { basename, join } from "../host/path.ts";
import { templatesOf } from "../text/chat/chat-template.ts";
import { addedTokenTexts } from "../text/token-texts.ts";
import { createTokenizer } from "../text/tokenizers/huggingface.ts";
import { SPECIAL_TOKENS, specialToken } from "../text/tokenizers/special-tokens.ts";
import {
  readConfig as readTokenizerConfig,
  TOKENIZER_FILE,
} from "../text/tokenizers/tokenizer-files.ts";
import type { Tokenizer } from "../text/tokenizers/tokenizer.ts";
import { convertTo } from "../weights/convert.ts";
import { modelfile } from "./modelfile.ts";
import type { ModelSource } from "./model-source.ts";

export const GGUF_FILE = "model.gguf";
export const MODELFILE = "Modelfile";

/**
 * Writes model.gguf and Modelfile into `output`, which is made if need be.
 *
 * @returns the paths of the files, relative to the directory
 * @throws {UsageError} if llama.cpp has no such architecture or tokenizer, before anything is written.
 */
export async function exportGguf(
  store: FileStore,
  source: ModelSource,
  output: string,
  type: GgufType,
): Promise<readonly string[]> {
  const { model, home, generationConfig = {} } = source;
  const written = writtenModel(model.config, basename(store.absolute(output)), type);
  const files = await source.files();
  const tokenizer = createTokenizer(files, { name: home, path: join(home, TOKENIZER_FILE) });
  const ends = [generationConfig["eos_token_id"] ?? []]
    .flat()
    .filter((id) => typeof id === "number");
  const entries = tokenizerEntries(writable(tokenizer, { home, rows: model.vocabularySize, ends }));
  const plans = plansOf(source, written);
  await store.makeDirectory(output);
  await writeFileAtomic(store, join(output, GGUF_FILE), (file) =>
    writeGguf(file, {
      metadata: { ...written.metadata, ...entries },
      tensors: [...plans, ...written.further.map(({ plan }) => plan)],
      data: bytesOf(source, written),
    }),
  );
  const texts = addedTokenTexts(tokenizer);
  const stops = ends.map((id) => texts.get(id)).filter((text) => text !== undefined);
  await writeFileAtomic(store, join(output, MODELFILE), (file) =>
    file.write(modelfile(GGUF_FILE, generationConfig, stops)),
  );
  return [GGUF_FILE, MODELFILE];
}

/** The tensors, in the order in which all of their weights are there. @throws {UsageError} if GGUF has no name for one. */
function plansOf({ model, names }: ModelSource, { plan }: WrittenModel): readonly GgufTensorPlan[] {
  const plans = new Map<string, GgufTensorPlan>();
  for (const name of names) {
    const planned = plan(name, model.params.get(name)?.shape ?? []);
    if (!planned) {
      throw new UsageError(`${model.type}: GGUF has no tensor for ${name}`, {
        hint: "export it as onnx or safetensors",
      });
    }
    plans.delete(planned.name);
    plans.set(planned.name, planned);
  }
  return [...plans.values()];
}

async function* bytesOf(source: ModelSource, { plan, further }: WrittenModel) {
  const waiting = new Map<string, readonly Uint8Array[]>();
  for await (const [name, tensor] of source.weights({ widen: false })) {
    const planned = plan(name, tensor.shape);
    if (!planned) throw new Error(`internal: ${name} has no plan`);
    const [, staged] = convertTo(planned.stage, [name, tensor]);
    const data = "data" in staged ? staged.data : await staged.read();
    if (!(data instanceof Float32Array || data instanceof Uint16Array)) {
      throw new Error(`internal: ${name} is ${tensor.dtype}`);
    }
    const parts = [...(waiting.get(planned.name) ?? []), planned.bytesOf(data)];
    if (parts.length < planned.parts) waiting.set(planned.name, parts);
    else {
      waiting.delete(planned.name);
      yield joined(parts);
    }
  }
  for (const { data } of further) yield new Uint8Array(data.buffer);
}

/** Parts one after another; one is itself. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (first && parts.length === 1) return first;
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** What of a tokenizer is written. */
function writable(
  tokenizer: Tokenizer,
  {
    home,
    rows,
    ends,
  }: { readonly home: string; readonly rows: number; readonly ends: readonly number[] },
): WritableTokenizer {
  const { files, startOfText, endOfText } = tokenizer;
  const config = readTokenizerConfig(files);
  const path = join(home, TOKENIZER_FILE);
  const named = SPECIAL_TOKENS.flatMap((role) => {
    const token = specialToken(config, role);
    return token === undefined ? [] : [[role, token] as const];
  });
  return {
    tokenizer: parseObject(path, files.get(TOKENIZER_FILE) ?? ""),
    path,
    named: Object.fromEntries(named),
    addsStart: startOfText !== undefined,
    addsEnd:
      endOfText !== undefined && tokenizer.encodeWithSpecialTokens("").ids.at(-1) === endOfText,
    furtherEnds: ends.filter((id) => id !== endOfText),
    templates: templatesOf(files, config),
    rows,
  };
}
