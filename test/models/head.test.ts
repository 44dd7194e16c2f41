/**
 * Adapters of heads in training: steps, what is written and what is read are peft's (test/golden/make_peft_heads.py), whether the
 * logits are there whole or in chunks of the vocabulary.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { peftName, settingsOf } from "../../src/adapters/index.ts";
import { measureLengths } from "../../src/adapters/merge.ts";
import { openEngine } from "../../src/engine/engine.ts";
import { foldAdapters } from "../../src/generate/fold-adapters.ts";
import { createDecoder } from "../../src/generate/index.ts";
import { loadNetwork } from "../../src/generate/load-model.ts";
import { nodeHost } from "../../src/host/node.ts";
import { modelFromConfig } from "../../src/models/architectures/registry.ts";
import { parseConfig, type TrainOptions } from "../../src/options/config.ts";
import { bufferOf, floats, restore } from "../../src/runtime/buffers.ts";
import { readTensor } from "../../src/runtime/runtime.ts";
import type { HostTensor } from "../../src/tensor/host-tensor.ts";
import { traineeOf } from "../../src/train/setup/method.ts";
import { expectClose, FLOAT32 } from "../support/close.ts";
import { loadAdapter, loadWeights, readConfig, saveAdapter } from "../support/on-node.ts";
import { sharedRuntime } from "../support/shared-runtime.ts";
import { batchOf, numbersOfParam, partsOfModel } from "../train/support.ts";
import { logitsOf } from "../adapters/support.ts";

interface Drawn {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Case {
  readonly initial: Readonly<Record<string, Drawn>>;
  readonly losses: readonly number[];
  readonly final: Readonly<Record<string, Drawn>>;
  readonly logits: readonly number[];
  readonly tensors: readonly string[];
}

const golden: {
  readonly rate: number;
  readonly batches: readonly (readonly (readonly number[])[])[];
  readonly cases: Readonly<Record<string, Case>>;
} = JSON.parse(readFileSync("test/golden/peft_heads.json", "utf8"));
const [first = []] = golden.batches;

const directoryOf = (name: string, what: "adapter" | "base") =>
  `test/golden/peft_heads/${name}/${what}`;
const folder = mkdtempSync(join(tmpdir(), "flora-heads-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What `make_peft_heads.py` asks peft for. */
const OPTIONS: Readonly<Record<string, TrainOptions>> = {
  untied: {
    method: "lora",
    targets: ["lm_head", "q_proj"],
    rankPattern: { lm_head: 3 },
    alphaPattern: { lm_head: 9 },
  },
  tied: { method: "lora", targets: ["lm_head", "q_proj"] },
  gpt2: { method: "lora", targets: ["lm_head", "c_attn"] },
  dora: { method: "dora", targets: ["lm_head", "embed_tokens", "q_proj"] },
  "tied-dora": { method: "dora", targets: ["lm_head"] },
};

async function baseOf(name: string) {
  const directory = directoryOf(name, "base");
  const model = modelFromConfig(await readConfig(directory));
  const shapes = new Map([...model.params].map(([each, { shape }]) => [each, shape] as const));
  return { directory, model, weights: await loadWeights(directory, shapes, model.checkpoint) };
}

/** Those whose logits are there in chunks of the vocabulary; those of the others are whole. */
const IN_CHUNKS = new Set(["tied", "gpt2", "dora"]);

/** A run whose adapters are those that peft began with. */
async function opened(name: string, vocabularyChunk: number) {
  const { directory, model: base, weights } = await baseOf(name);
  const own: TrainOptions = { ...OPTIONS[name], rank: 2, alpha: 4, optimizer: "sgd" };
  const config = parseConfig({ ...own, model: directory, train: ["unread.txt"] });
  const trainee = traineeOf(base, config);
  const shapes = [base.inputTypes(2, 5)];
  const engine = openEngine({
    ...config,
    ...trainee,
    runtime: sharedRuntime,
    shapes,
    vocabularyChunk,
  });
  for (const [each, tensor] of weights) restore(each, bufferOf(engine.state.weights, each), tensor);
  const names = [...trainee.model.params.keys()].filter((each) => each.includes("lora_"));
  const stored = (each: string) => `base_model.model.${peftName(base, each)}`;
  for (const each of names) {
    const { data } = golden.cases[name]?.initial[stored(each)] ?? { data: [] };
    if (each.includes("magnitude")) continue;
    bufferOf(engine.state.weights, each).write((out) => floats(out).set(data));
  }
  await measureLengths({ base, ...engine.parts }, trainee.adapters);
  return { ...trainee, config, engine, names, stored };
}

type Opened = Awaited<ReturnType<typeof opened>>;

async function tensorsOf({ base, engine, names }: Opened) {
  const tensors = new Map<string, HostTensor>();
  for (const each of names) {
    tensors.set(peftName(base, each), await readTensor(bufferOf(engine.state.weights, each)));
  }
  return tensors;
}

const networkOf = (name: string, adapter: string) =>
  loadNetwork(nodeHost().files, sharedRuntime, { directory: directoryOf(name, "base"), adapter });

/** The logits of a base with the adapter of a directory. */
async function logitsWith(name: string, adapter: string): Promise<number[]> {
  const { network } = await networkOf(name, adapter);
  const weights = new Map<string, HostTensor>();
  for (const [each, buffer] of network.weights) weights.set(each, await readTensor(buffer));
  return logitsOf(network.model, weights, first);
}

describe.each(Object.entries(golden.cases))("%s", (name, expected) => {
  it("takes peft's steps, and leaves what peft computes", async () => {
    const chunk = IN_CHUNKS.has(name) ? 7 : 4096;
    const run = await opened(name, chunk);
    for (const [each, { data }] of Object.entries(expected.initial)) {
      const own = run.names.find((param) => run.stored(param) === each) ?? each;
      expectClose(await numbersOfParam(run, own), data, FLOAT32, { what: each });
    }
    for (const [i, rows] of golden.batches.entries()) {
      run.engine.begin({ step: i + 1, cycle: 0, learningRate: golden.rate, opensCycle: false });
      await run.engine.microStep(batchOf(rows), i);
      const { lossSum, lossTokens } = await run.engine.update();
      expectClose([lossSum / lossTokens], [expected.losses[i] ?? NaN], FLOAT32);
    }
    expect(run.names.map(run.stored).toSorted()).toEqual(Object.keys(expected.final).toSorted());
    for (const each of run.names) {
      const { data = [] } = expected.final[run.stored(each)] ?? {};
      expectClose(await numbersOfParam(run, each), data, FLOAT32, { what: each });
    }

    const settings = settingsOf(run.base, run.adapters, []);
    const { config } = await loadAdapter(directoryOf(name, "adapter"));
    const written = join(folder, name);
    await saveAdapter(written, { ...config, ...settings }, await tensorsOf(run));
    expectClose(await logitsWith(name, written), expected.logits, FLOAT32);
    await run.engine.release();
  });

  it("is read as peft wrote it", async () => {
    expectClose(await logitsWith(name, directoryOf(name, "adapter")), expected.logits, FLOAT32);
  });

  it("is decoded with", async () => {
    const { network } = await networkOf(name, directoryOf(name, "adapter"));
    const decoder = createDecoder(network.model, sharedRuntime, network.weights);
    const [prompt = []] = first;
    const decoding = await decoder.open([Int32Array.from(prompt)]);
    const logits = [...(await decoding.append(decoding.first))];
    const end = prompt.length * logits.length;
    expectClose(logits, expected.logits.slice(end - logits.length, end), FLOAT32);
    await decoder.release();
  });
});

it("is merged, where a table is not the head too", async () => {
  const merging = async (name: string) => {
    const { network } = await networkOf(name, directoryOf(name, "adapter"));
    await foldAdapters(sharedRuntime, network);
    const weights = new Map<string, HostTensor>();
    for (const [each, buffer] of network.weights) weights.set(each, await readTensor(buffer));
    return logitsOf(network.base, weights, first);
  };
  expectClose(await merging("untied"), golden.cases["untied"]?.logits ?? [], FLOAT32);
  expectClose(await merging("dora"), golden.cases["dora"]?.logits ?? [], FLOAT32);
  await expect(merging("tied")).rejects.toThrow("adapter: lm_head is also the table of tokens");
});

it.each([
  [{ method: "relora" }, "directory"],
  [{ method: "lora" }, "scratch"],
] as const)("is refused of a tied head with %j, from %s", async (own, where) => {
  const { directory, model, weights } = await baseOf("tied");
  const from = where === "directory" ? { model: directory } : {};
  expect(() => partsOfModel(model, weights, { ...own, ...from, targets: ["lm_head"] })).toThrow(
    "targets: the table of tokens is also the output embedding, and a whole model has one of both; got lm_head",
  );
});
