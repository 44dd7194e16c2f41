/** Adapters with rows of new tokens: those that peft saved compute what they compute there, and are written again as it wrote them. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { adaptersOf, peftName, type PeftSettings, settingsOf } from "../../src/adapters/index.ts";
import { vocabularyParams } from "../../src/adapters/grow.ts";
import { modelForTokens, tokenRowsName } from "../../src/adapters/token-rows.ts";
import { loadNetwork } from "../../src/generate/load-model.ts";
import { nodeHost } from "../../src/host/node.ts";
import { modelFromConfig } from "../../src/models/architectures/registry.ts";
import { readTensor } from "../../src/runtime/runtime.ts";
import type { HostTensor } from "../../src/tensor/host-tensor.ts";
import { expectClose, FLOAT32 } from "../support/close.ts";
import { loadAdapter, readConfig, saveAdapter } from "../support/on-node.ts";
import { sharedRuntime } from "../support/shared-runtime.ts";
import { logitsOf } from "./support.ts";

interface Case {
  readonly vocabulary: number;
  readonly ids: readonly (readonly number[])[];
  readonly tensors: readonly string[];
  readonly logits: readonly number[];
}

const golden: { readonly cases: Readonly<Record<string, Case>> } = JSON.parse(
  readFileSync("test/golden/peft_tokens.json", "utf8"),
);
const cases = Object.entries(golden.cases);
const directoryOf = (name: string, what: "adapter" | "base") =>
  `test/golden/peft_tokens/${name}/${what}`;

const folder = mkdtempSync(join(tmpdir(), "flora-token-rows-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A model with its adapter, and its logits. */
async function opened(directory: string, adapter: string, ids: Case["ids"]) {
  const { network } = await loadNetwork(nodeHost().files, sharedRuntime, { directory, adapter });
  const weights = new Map<string, HostTensor>();
  for (const [name, buffer] of network.weights) weights.set(name, await readTensor(buffer));
  return { ...network, weights, logits: await logitsOf(network.model, weights, ids) };
}

describe.each(cases)("%s", (name, { ids, logits, tensors, vocabulary }) => {
  const base = directoryOf(name, "base");

  it("has peft's logits, and as many tokens", async () => {
    const found = await opened(base, directoryOf(name, "adapter"), ids);
    expect(found.base.vocabularySize).toBe(vocabulary);
    expectClose(found.logits, logits, FLOAT32);
  });

  it("is written under peft's names, its rows once and without the tables", async () => {
    const { config, tensors: stored } = await loadAdapter(directoryOf(name, "adapter"));
    const found = await opened(base, directoryOf(name, "adapter"), ids);
    const tables = [...vocabularyParams(found.base)];
    const tokens = { start: vocabulary - 2, end: vocabulary };
    const settings = settingsOf(found.base, found.adapters, [], { tables, tokens });
    const modules = tables.map((each) => each.replace(/^.*?(\w+)\.weight$/, "$1"));
    expect(settings.trainable_token_indices).toEqual(
      Object.fromEntries(modules.map((each) => [each, [vocabulary - 2, vocabulary - 1]])),
    );

    const written = [...stored].filter(
      ([each]) =>
        !each.includes("base_layer") && (tables.length === 2 || !each.startsWith("lm_head")),
    );
    const names = written.map(([each]) => each);
    for (const table of tables) expect(names).toContain(peftName(found.base, tokenRowsName(table)));
    expect(tensors).toEqual(
      expect.arrayContaining(names.map((each) => `base_model.model.${each}`)),
    );
    const again = join(folder, name);
    await saveAdapter(again, { ...config, ...settings }, written);
    // Where nobody saved the tables, those of the base are as they are there.
    const reread = await opened(base, again, ids);
    expect(reread.base.vocabularySize).toBe(vocabulary);
    expectClose(reread.logits, logits, FLOAT32);
  });
});

describe("refuses", () => {
  const settings: PeftSettings = {
    task_type: "CAUSAL_LM",
    r: 2,
    lora_alpha: 4,
    rank_pattern: {},
    alpha_pattern: {},
    target_modules: ["q_proj", "down_proj"],
    modules_to_save: null,
    use_rslora: false,
    use_dora: false,
    fan_in_fan_out: false,
  };
  const ROWS = "model.embed_tokens.token_adapter.trainable_tokens_delta";
  it.each([
    [{}, {}, `trainable_token_indices has 0 tokens of model.embed_tokens; got 2 rows`],
    [{ trainable_token_indices: [20, 21, 22] }, {}, "has 3 tokens of model.embed_tokens; got 2"],
    [{ trainable_token_indices: { lm_head: [20, 21] } }, {}, "has 0 tokens of model.embed_tokens"],
    [{ trainable_token_indices: [20, 21] }, { [ROWS]: undefined }, "lacks the rows of the tokens"],
    [{ trainable_token_indices: [20, 21] }, { [ROWS]: [2, 9] }, "[2, 9] instead of [2, 8]"],
  ] as const)(
    "%j",
    async (own, changes: Readonly<Record<string, readonly number[] | undefined>>, message) => {
      const { tensors } = await loadAdapter(directoryOf("lean", "adapter"));
      const shapes = new Map(
        [...tensors].flatMap(([name, { shape }]) => {
          const now = name in changes ? changes[name] : shape;
          return now ? [[name, now] as const] : [];
        }),
      );
      const model = modelFromConfig(await readConfig(directoryOf("lean", "base")));
      const given = { ...settings, ...own };
      expect(() => adaptersOf(modelForTokens(model, given, shapes), given, shapes)).toThrow(
        message,
      );
    },
  );
});
