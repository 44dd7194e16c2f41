/** What `flora inspect` says of small data. */

import { expect, it } from "vitest";
import { inspection } from "../../../src/cli/reports/inspection.ts";
import { memoryHost } from "../../../src/host/index.ts";
import { parseConfig, type TrainOptions } from "../../../src/options/config.ts";
import type { DataInput } from "../../../src/data/index.ts";
import { cpuRuntime } from "../../../src/runtime/node.ts";
import { gather } from "../../../src/train/setup/prepare.ts";

const OPTIONS = { examples: 1, width: 60, color: false } as const;

async function inspected(data: DataInput, options: TrainOptions): Promise<string> {
  const config = parseConfig({ batchSize: 2, ...options, train: "rows" });
  const context = { host: memoryHost(), runtime: cpuRuntime({ threads: 1 }) };
  const { tokenizer, data: found, base } = await gather(config, context, { data });
  if (!tokenizer) throw new Error("no tokenizer");
  const seen = { tokenizer, data: found, task: base.task, classes: base.labels };
  return inspection(seen, OPTIONS).join("\n");
}

const model = { n_embd: 8, n_layer: 1, n_head: 1, n_positions: 64 };

it("shows what is learned of conversations, marks and all", async () => {
  const messages = [
    { role: "user", content: "Hi" },
    { role: "assistant", content: "Ho" },
  ];
  const rows = Array.from({ length: 4 }, () => ({ messages }));
  const text = await inspected(rows, { model, chatTemplate: "chatml" });
  expect(text).toMatch(
    /^example 1: 25 tokens, 4 learned\n  <\|im_start\|>user\n  Hi<\|im_end\|>\n  <\|im_start\|>assistant\n  »Ho<\|im_end\|>\n  «\n/,
  );
  expect(text).toContain("data     3 conversations, 1 held out");
  expect(text).toContain('stops at "<|im_end|>" (258), "<|endoftext|>" (256)');
  expect(text).toMatch(/25 to 28 {2}█+ {2}3$/m);
});

it("says what weighs more or less than others", async () => {
  const rows = Array.from({ length: 4 }, () => ({ source: "a", target: "b", weight: 0.3 }));
  expect(await inspected(rows, { model })).toMatch(
    /^example 1: 4 tokens, 2 learned, weight 0\.3\n/,
  );
});

it("shows both sides of pairs, for decoders and for encoders with them", async () => {
  const rows = Array.from({ length: 4 }, () => ({ source: "ein Hund", target: "a dog" }));
  const decoder = await inspected(rows, { model });
  expect(decoder).toContain("  ein Hund\n  »a dog<|endoftext|>«");
  const t5 = {
    model_type: "t5",
    d_model: 8,
    d_kv: 4,
    d_ff: 16,
    num_layers: 1,
    num_heads: 2,
  };
  expect(await inspected(rows, { model: t5, contextLength: 32 })).toContain(
    "  ein Hund»a dog<|endoftext|>«",
  );
});

it("counts what is left out", async () => {
  const rows = [
    ...Array.from({ length: 4 }, () => ({ source: "ein Hund", target: "a dog" })),
    { source: "x", target: "y".repeat(100) },
    { source: "z", target: "" },
  ];
  const text = await inspected([...rows, ...rows], { model, tooLong: "drop" });
  expect(text).toMatch(/too long and left out, \d with nothing to learn and left out/);
});

it("names the classes of texts", async () => {
  const rows = Array.from({ length: 6 }, () => [
    { text: "so so", label: "bad" },
    { text: "so so", label: "good" },
  ]).flat();
  const text = await inspected(rows, { task: "classify", tokenizer: "bpe:300", minutes: 0.001 });
  expect(text).toMatch(/^example 1: \d+ tokens, class (bad|good)\n/);
  expect(text).toMatch(/^tokens {3}\d+ in an epoch$/m);
});
