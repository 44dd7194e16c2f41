/**
 * Exported models with weights in fewer bits, in transformers.js: under the names that it looks for, and what is lost. The trained Llama
 * of 260 thousand parameters by its loss on the text of its expected.json, small random ones by their largest logit.
 */

import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { AutoModelForCausalLM, Tensor } from "@huggingface/transformers";
import { describe, expect, it } from "vitest";
import { needsData } from "../support/data.ts";
import { exportModel, loadModel } from "../support/on-node.ts";
import { sharedRuntime } from "../support/shared-runtime.ts";
import { modelFolder, numbersIn } from "./support.ts";

const folder = modelFolder();
const pathOf = (name: string) =>
  fileURLToPath(new URL(`../golden/gguf/${name}.gguf`, import.meta.url));

const FILES = {
  fp32: "model",
  fp16: "model_fp16",
  q8: "model_quantized",
  q4: "model_q4",
} as const;
type DType = keyof typeof FILES;

/** Exports a model, if that was not done before, and returns its logits of every token in transformers.js, [T, V]. */
async function logitsOf(directory: string, dtype: DType, ids: readonly number[]) {
  const name = `${basename(directory, ".gguf")}-${dtype}`;
  const output = join(folder, name);
  if (!existsSync(output)) {
    const made = await exportModel(sharedRuntime, { directory, output, dtype });
    expect(made.files).toEqual([`onnx/${FILES[dtype]}.onnx`]);
  }
  const model = await AutoModelForCausalLM.from_pretrained(name, { dtype });
  const tensor = (row: readonly number[]) =>
    new Tensor("int64", BigInt64Array.from(row, BigInt), [1, row.length]);
  const { logits }: { readonly logits: unknown } = await model({
    input_ids: tensor(ids),
    attention_mask: tensor(ids.map(() => 1)),
  });
  await model.dispose();
  const { dims, numbers } = numbersIn(logits);
  const width = dims.at(-1) ?? 0;
  return ids.map((_, i) => numbers.slice(i * width, (i + 1) * width));
}

/** The mean cross-entropy of the tokens that follow. */
function lossOf(rows: readonly (readonly number[])[], ids: readonly number[]): number {
  const losses = rows.slice(0, -1).map((row, i) => {
    const peak = Math.max(...row);
    const sum = row.reduce((total, x) => total + Math.exp(x - peak), 0);
    return Math.log(sum) + peak - (row[ids[i + 1] ?? 0] ?? Number.NaN);
  });
  return losses.reduce((total, each) => total + each, 0) / losses.length;
}

const SOME = Array.from({ length: 12 }, (_, i) => 5 + i);

describe.each(["llama", "gemma2", "gpt2", "qwen3"])("%s of random numbers", (name) => {
  // As measured: fp16 holds its weights exactly, and rows of 16 numbers are rounded coarsely.
  it.each([
    ["fp16", 1e-6],
    ["q8", 0.06],
    ["q4", 0.4],
  ] as const)("as %s has logits within %f of the largest", async (dtype, most) => {
    const expected = (await logitsOf(pathOf(name), "fp32", SOME)).flat();
    const found = (await logitsOf(pathOf(name), dtype, SOME)).flat();
    const largest = Math.max(...expected.map(Math.abs));
    const worst = Math.max(...expected.map((x, i) => Math.abs(x - (found[i] ?? Number.NaN))));
    expect(worst / largest).toBeLessThan(most);
  });
});

const STORIES = "../shared/data/checkpoints/stories260K_hf";

describe("the trained Llama", needsData(STORIES), () => {
  // 0.7848 in float32; measured: 0.00006, 0.0018 and 0.083 more.
  it.each([
    ["fp16", 1e-3],
    ["q8", 0.005],
    ["q4", 0.1],
  ] as const)("as %s loses at most %f of its loss", async (dtype, most) => {
    const { ids }: { readonly ids: readonly number[] } = JSON.parse(
      readFileSync(join(STORIES, "expected.json"), "utf8"),
    );
    const before = lossOf(await logitsOf(STORIES, "fp32", ids), ids);
    const after = lossOf(await logitsOf(STORIES, dtype, ids), ids);
    expect(Math.abs(after - before)).toBeLessThan(most);
  });
});

it("a directory in bfloat16, and a model that was GGUF, are exported with their tokenizers", async () => {
  const given = pathOf("qwen3");
  const directory = join(folder, "in-bfloat16");
  await exportModel(sharedRuntime, {
    directory: given,
    output: directory,
    format: "safetensors",
    dtype: "bf16",
  });
  const found = (await logitsOf(directory, "q8", SOME)).flat();
  const expected = (await logitsOf(given, "q8", SOME)).flat();
  const largest = Math.max(...expected.map(Math.abs));
  const worst = Math.max(...expected.map((x, i) => Math.abs(x - (found[i] ?? Number.NaN))));
  // Weights in bfloat16 have eight bits of a number.
  expect(worst / largest).toBeLessThan(0.05);
  const { tokenizer } = await loadModel(sharedRuntime, { directory: given });
  for (const path of [given, directory]) {
    const name = `${basename(path, ".gguf")}-q8`;
    expect(readFileSync(join(folder, name, "tokenizer.json"), "utf8")).toBe(
      tokenizer.files.get("tokenizer.json"),
    );
  }
});
