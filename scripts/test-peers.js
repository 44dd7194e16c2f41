/**
 * `npm run test:peers`: what flora writes, in the programs that own the formats. They are fetched for the occasion, so that neither the
 * project nor CI carries them.
 *
 *   llama.cpp, by node-llama-cpp 3.22.1   small random models of every architecture (test/golden/gguf), read by flora, written as F32
 *                                          and continued greedily by both; ids of hard texts; an adapter alone laid over its base
 *
 *     node scripts/test-peers.js [MODEL.gguf ...]   further models, such as trained ones
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { complete, cpuRuntime, createDecoder, loadModel } from "../dist/index.js";
import { exportAdapter, exportModel } from "../dist/export/index.js";
import { nodeHost } from "../dist/host/node.js";
import { fetchPeer } from "./fetch-peer.js";

const PACKAGE = "node-llama-cpp";
const VERSION = "3.22.1";
const PROMPTS = [
  "the quick brown",
  "over the lazy dog",
  "In 2024 there were",
  "don't you",
  "naïve",
];
const TOKENS = 10;

const golden = new URL("../test/golden/gguf/", import.meta.url);
const { texts: all } = JSON.parse(readFileSync(new URL("models.json", golden), "utf8"));
// llama.cpp normalizes nothing, though Qwen's tokenizer does.
const texts = all.filter((text) => text === text.normalize("NFC"));
const folder = mkdtempSync(join(tmpdir(), "flora-peers-"));

/** The package from a folder of its own; its binaries come as optional packages, so that no script has to run. */
async function fetchLlama() {
  const { getLlama, LlamaLogLevel } = await fetchPeer(folder, PACKAGE, VERSION);
  return getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error });
}

/** Ids of texts and greedy continuations of prompts, in llama.cpp. */
async function readByLlama(llama, path, prompts, lora) {
  const model = await llama.loadModel({ modelPath: path });
  const context = await model.createContext({
    contextSize: 64,
    threads: 1,
    ...(lora && { lora }),
    experimentalKvCacheKeyType: "F32",
    experimentalKvCacheValueType: "F32",
  });
  const sequence = context.getSequence();
  const continued = [];
  for (const ids of prompts) {
    await sequence.clearHistory();
    const made = [];
    for await (const token of sequence.evaluate([...ids], { temperature: 0 })) {
      if (model.isEogToken(token)) break;
      made.push(token);
      if (made.length === TOKENS) break;
    }
    continued.push(made);
  }
  const ids = texts.map((text) => model.tokenize(text, true));
  await context.dispose();
  await model.dispose();
  return { ids, continued };
}

/** The same, in flora. */
async function readByFlora(path, adapter) {
  const runtime = cpuRuntime();
  const names = { directory: path, adapter };
  const { model, weights, tokenizer, generation } = await loadModel(runtime, names);
  const decoder = createDecoder(model, runtime, weights);
  const prompts = PROMPTS.map((prompt) => tokenizer.encodePrompt(prompt));
  const { stopTokens } = generation.options;
  const made = await complete(decoder, prompts, { maxNewTokens: TOKENS, stopTokens });
  await decoder.release();
  const isEnd = new Set(stopTokens);
  return {
    prompts,
    ids: texts.map((text) => [...tokenizer.encode(text)]),
    continued: made.map((ids) => [...ids].filter((id) => !isEnd.has(id))),
  };
}

/** How many continuations differ with an adapter, which changes some. */
async function compareAdapter(llama) {
  const adapter = new URL("../gguf_adapter", golden).pathname;
  const base = join(folder, "llama", "model.gguf");
  const output = join(folder, "adapter");
  const settings = { adapter, directory: base, output, dtype: "fp32" };
  await exportAdapter(nodeHost().files, settings);
  const [ours, plain] = [await readByFlora(base, adapter), await readByFlora(base)];
  const theirs = await readByLlama(llama, base, ours.prompts, join(output, "adapter.gguf"));
  const continued = differing(ours.continued, theirs.continued);
  const changed = differing(ours.continued, plain.continued);
  console.log(
    `an adapter: ${continued} of ${PROMPTS.length} continuations differ, ${changed} from those of its base`,
  );
  return changed === 0 ? 1 : continued;
}

const differing = (a, b) => a.filter((each, i) => String(each) !== String(b[i])).length;

let failures = 0;
try {
  const llama = await fetchLlama();
  const small = readdirSync(golden)
    .filter((name) => name.endsWith(".gguf") && name !== "blocks.gguf")
    .map((name) => new URL(name, golden).pathname);
  for (const given of [...small, ...process.argv.slice(2)]) {
    // What is called so has to have the special tokens of Phi-3, for llama.cpp.
    const output = join(folder, basename(given, ".gguf").replace("phi3", "small"));
    const settings = { directory: given, output, format: "gguf", dtype: "fp32" };
    await exportModel(nodeHost().files, cpuRuntime(), settings);
    const path = join(output, "model.gguf");
    const ours = await readByFlora(path);
    const theirs = await readByLlama(llama, path, ours.prompts);
    const ids = differing(ours.ids, theirs.ids);
    const continued = differing(ours.continued, theirs.continued);
    failures += ids + continued;
    console.log(
      `${basename(given)}: ${continued} of ${PROMPTS.length} continuations and the ids of ${ids} of ${texts.length} texts differ`,
    );
  }
  failures += await compareAdapter(llama);
  await llama.dispose();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failures === 0 ? 0 : 1;
