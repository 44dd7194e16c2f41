/**
 * Adapters of the table of tokens and of a head: those that peft saved (test/golden/make_peft_embeddings.py) compute what they compute
 * there, have its gradients, and are written again under its names.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { adapterNames, adaptModel, chooseAdapters, settingsOf } from "../../src/adapters/index.ts";
import { grad } from "../../src/autodiff/index.ts";
import { foldAdapters } from "../../src/generate/fold-adapters.ts";
import { loadNetwork } from "../../src/generate/load-model.ts";
import { tensorAt } from "../../src/graph/tensors.ts";
import { constant } from "../../src/graph/value.ts";
import { nodeHost } from "../../src/host/node.ts";
import { gpt2 } from "../../src/models/architectures/gpt2.ts";
import { t5 } from "../../src/models/architectures/t5/t5.ts";
import { crossEntropy } from "../../src/nn/loss.ts";
import { readTensor } from "../../src/runtime/runtime.ts";
import { float32, type HostTensor, int32 } from "../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32, numbersOf } from "../support/close.ts";
import { runGraph, tensorNamed } from "../support/graph.ts";
import { loadAdapter, saveAdapter } from "../support/on-node.ts";
import { sharedRuntime } from "../support/shared-runtime.ts";
import { graphOfLogits, logitsOf } from "./support.ts";

interface Case {
  readonly loss: number;
  readonly logits: readonly number[];
  readonly gradients: Readonly<Record<string, readonly number[]>>;
  readonly tensors: readonly string[];
  readonly merged: boolean;
}

const golden: {
  readonly ids: readonly (readonly number[])[];
  readonly cases: Readonly<Record<string, Case>>;
} = JSON.parse(readFileSync("test/golden/peft_embeddings.json", "utf8"));
const directoryOf = (name: string, what: "adapter" | "base") =>
  `test/golden/peft_embeddings/${name}/${what}`;

const folder = mkdtempSync(join(tmpdir(), "flora-embeddings-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function networkOf(directory: string, adapter: string) {
  const { network } = await loadNetwork(nodeHost().files, sharedRuntime, { directory, adapter });
  return network;
}

type Network = Awaited<ReturnType<typeof networkOf>>;

async function weightsOf({ weights }: Network): Promise<ReadonlyMap<string, HostTensor>> {
  const found = new Map<string, HostTensor>();
  for (const [name, buffer] of weights) found.set(name, await readTensor(buffer));
  return found;
}

describe.each(Object.entries(golden.cases))("%s", (name, { logits, loss, gradients, ...rest }) => {
  const opened = () => networkOf(directoryOf(name, "base"), directoryOf(name, "adapter"));

  it("has peft's logits", async () => {
    const network = await opened();
    const found = await logitsOf(network.model, await weightsOf(network), golden.ids);
    expectClose(found, logits, FLOAT32);
  });

  it("has peft's loss and gradients", async () => {
    const network = await opened();
    const weights = await weightsOf(network);
    const { y, inputs } = graphOfLogits(network.model, weights, golden.ids);
    const next = golden.ids.flatMap((row) => [...row.slice(1), -1]);
    const counted = next.filter((id) => id >= 0).length;
    const found = crossEntropy(
      y,
      constant(
        int32(
          [next.length],
          Int32Array.from(next, (id) => Math.max(id, 0)),
        ),
      ),
      constant(
        float32(
          [next.length],
          Float32Array.from(next, (id) => (id < 0 ? 0 : 1 / counted)),
        ),
      ),
    );
    const names = network.adapters.flatMap((adapter) => {
      const { a, b } = adapterNames(adapter);
      return [a, b];
    });
    const own = grad(
      found,
      names.map((each) => tensorAt(inputs, each)),
    );
    const outputs = Object.fromEntries(
      names.flatMap((each, i) => {
        const gradient = own[i];
        return gradient ? [[`gradient ${each}`, gradient] as const] : [];
      }),
    );
    const results = await runGraph({ found, ...outputs }, Object.fromEntries(weights));
    expectClose(numbersOf(tensorNamed(results, "found")), [loss], FLOAT32);
    const theirs = Object.entries(gradients);
    expect(theirs).toHaveLength(names.length);
    for (const [each, expected] of theirs) {
      const mine = tensorNamed(results, `gradient ${each.replace("base_model.model.", "")}`);
      expectClose(numbersOf(mine), expected, FLOAT32, { what: each });
    }
  });

  it("is written under peft's names, without the tables that are as in the base", async () => {
    const { config, tensors } = await loadAdapter(directoryOf(name, "adapter"));
    const network = await opened();
    const adapters = network.adapters;
    const settings = settingsOf(network.base, adapters, []);
    expect(settings).toMatchObject({ use_rslora: false, fan_in_fan_out: false });
    const written = [...tensors].filter(([each]) => !each.includes("base_layer"));
    expect(written.map(([each]) => `base_model.model.${each}`).toSorted()).toEqual(
      rest.tensors.filter((each) => !each.includes("base_layer")),
    );
    const again = join(folder, name);
    await saveAdapter(again, { ...config, ...settings }, written);
    const reread = await networkOf(directoryOf(name, "base"), again);
    const found = await logitsOf(reread.model, await weightsOf(reread), golden.ids);
    expectClose(found, logits, FLOAT32);
  });

  it("is merged where that leaves the function as it is, as in peft", async () => {
    const network = await opened();
    const merging = foldAdapters(sharedRuntime, network);
    if (!rest.merged) {
      await expect(merging).rejects.toThrow("model.embed_tokens is also the output embedding");
      return;
    }
    await merging;
    const found = await logitsOf(network.base, await weightsOf(network), golden.ids);
    expectClose(found, logits, FLOAT32);
  });
});

describe("of a GPT-2", () => {
  const model = gpt2({ vocab_size: 20, n_positions: 8, n_embd: 8, n_head: 2, n_layer: 1 });
  const options = { rank: 4, alpha: 8, rankPattern: {}, alphaPattern: {} };

  it("there is one where a pattern without * names it", () => {
    const chosen = (targets: readonly string[]) =>
      chooseAdapters(model, { ...options, targets }).filter(({ isEmbedding }) => isEmbedding);
    expect(chosen(["wte"])).toEqual([
      { weight: "wte.weight", rank: 4, scale: 2, isEmbedding: true },
    ]);
    expect(chosen(["wte", "c_attn"])).toHaveLength(1);
    expect(chosen(["*"])).toEqual([]);
    expect(() => chosen(["wpe"])).toThrow('targets: no linear map matches "wpe"');
  });

  it("A begins with zeros and B at random, as peft has it", () => {
    const adapted = adaptModel(model, chooseAdapters(model, { ...options, targets: ["wte"] }));
    expect(adapted.params.get("wte.lora_embedding_A")).toEqual({
      shape: [4, 20],
      role: "adapter",
      init: { kind: "constant", value: 0 },
    });
    expect(adapted.params.get("wte.lora_embedding_B")).toEqual({
      shape: [8, 4],
      role: "adapter",
      init: { kind: "normal", deviation: 1 },
    });
  });

  it("does not begin with principal components", () => {
    const more = { initAdapter: "pissa", targets: ["wte"] } as const;
    expect(() => chooseAdapters(model, { ...options, ...more })).toThrow(
      "targets: no adapter of a table of tokens begins with principal components, in peft neither; got wte",
    );
  });
});

it("of a table that two stages read, there is none", () => {
  const model = t5({ d_model: 8, d_kv: 4, d_ff: 12, num_layers: 1, num_heads: 2, vocab_size: 20 });
  const options = { rank: 4, alpha: 8, rankPattern: {}, alphaPattern: {}, targets: ["shared"] };
  expect(() => chooseAdapters(model, options)).toThrow('no linear map matches "shared"');
});
