/** @file Models and tokenizers in GGUF against what they were made of: test/golden/make_gguf_models.py. */

import { readFileSync } from "node:fs";
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createDecoder, loadModel } from "../../../src/generate/index.ts";
import { nodeHost } from "../../../src/host/node.ts";
import { chatTemplate } from "../../../src/text/chat/chat-template.ts";
import { eachWeight, readConfig, readGenerationConfig } from "../../../src/weights/index.ts";
import { GGUF_MODELS } from "../../support/architectures.ts";
import { sharedRuntime } from "../../support/shared-runtime.ts";
import { failure, temporaryDirectory } from "../../weights/support.ts";

interface Golden {
  readonly texts: readonly string[];
  readonly models: Readonly<
    Record<
      string,
      {
        readonly ids: readonly number[];
        readonly logits: readonly number[];
        readonly encoded: readonly (readonly number[])[];
      }
    >
  >;
}

const folder = new URL("../../golden/gguf/", import.meta.url);
const golden: Golden = JSON.parse(readFileSync(new URL("models.json", folder), "utf8"));
const pathOf = (name: string) => fileURLToPath(new URL(`${name}.gguf`, folder));
const { files } = nodeHost();

it("has a file for each architecture", () => {
  expect(Object.keys(golden.models).toSorted()).toEqual(GGUF_MODELS.toSorted());
});

describe.each(Object.entries(golden.models))("%s", (name, { ids, logits, encoded }) => {
  const loaded = loadModel(files, sharedRuntime, { directory: pathOf(name) });

  it("has the logits of the model that was written", async () => {
    const { model, weights } = await loaded;
    const decoder = createDecoder(model, sharedRuntime, weights);
    const prompt = Int32Array.from(ids);
    const found = await (await decoder.open([prompt])).append([prompt]);
    await decoder.release();
    const differences = logits.map((each, i) => Math.abs(each - (found[i] ?? Number.NaN)));
    expect(Math.max(...differences)).toBeLessThan(2e-5);
  });

  it("has the ids of its tokenizer, which give back the texts", async () => {
    const { tokenizer } = await loaded;
    for (const [i, text] of golden.texts.entries()) {
      expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(encoded[i]);
    }
    expect(tokenizer.decode(tokenizer.encode("the lazy dog"))).toBe("the lazy dog");
  });

  it("has its special tokens and its chat template", async () => {
    const { tokenizer, generation } = await loaded;
    const { endOfText = -1 } = tokenizer;
    expect(generation.options.stopTokens).toEqual([endOfText]);
    const text = chatTemplate(tokenizer).render([{ role: "user", content: "Hi" }]);
    expect(text).toBe("[user]Hi</s>");
    const first = tokenizer.encodePrompt("the")[0];
    expect(first === tokenizer.startOfText).toBe(
      ["llama", "llama3", "gemma", "gemma2", "phi3"].includes(name),
    );
  });
});

describe("a directory", () => {
  const put = async (...names: readonly string[]) => {
    const directory = temporaryDirectory();
    for (const name of names) await copyFile(pathOf("qwen3"), join(directory, name));
    return directory;
  };

  it("with one GGUF file is that model, whatever stands beside it", async () => {
    const directory = await put("a.gguf", "mmproj-a.gguf");
    await writeFile(join(directory, "README.md"), "");
    await writeFile(join(directory, "config.json"), "{}");
    expect(await readConfig(files, directory)).toEqual(await readConfig(files, pathOf("qwen3")));
    expect(await readGenerationConfig(files, directory)).toEqual({
      bos_token_id: 0,
      eos_token_id: 1,
    });
    const { tokenizer } = await loadModel(files, sharedRuntime, { directory });
    expect(tokenizer.vocabularySize).toBe(300);
  });

  it("with several is refused with their names", async () => {
    const directory = await put("a.gguf", "b.GGUF");
    expect(await failure(readConfig(files, directory))).toMatchObject({
      name: "UsageError",
      message: `${directory}: several GGUF files; got a.gguf, b.GGUF`,
      hint: `name one of them, ${join(directory, "a.gguf")}`,
    });
  });
});

it("has sixteen-bit floats as bits where they are wanted so", async () => {
  const wanted = new Map([
    ["h.0.attn.c_attn.weight", [16, 48]],
    ["ln_f.weight", [16]],
  ]);
  const dtypes = async (widen: boolean) => {
    const found: string[] = [];
    const tensors = eachWeight(files, pathOf("gpt2"), wanted, { ignore: ["*"], widen });
    for await (const [, { dtype }] of tensors) found.push(dtype);
    return found;
  };
  expect(await dtypes(false)).toEqual(["float16", "float32"]);
  expect(await dtypes(true)).toEqual(["float32", "float32"]);
});

describe("a GGUF file is refused", () => {
  const changed = async (name: string, from: string, to: string) => {
    const bytes = readFileSync(pathOf(name));
    for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) {
      bytes.write(to, at);
    }
    const path = join(temporaryDirectory(), "model.gguf");
    await writeFile(path, bytes);
    return failure(loadModel(files, sharedRuntime, { directory: path }));
  };
  it.each([
    [
      "qwen2",
      "qwen2",
      "qwenX",
      "architectures that are read are llama, qwen2, qwen3, qwen3moe, gemma, gemma2, smollm3, granite, olmo2, phi3, gpt2; got qwenX",
    ],
    ["qwen3", "smollm", "smollX", "tokenizer.ggml.pre: pre-tokenizers that are read are gpt-2, "],
    ["qwen3", "smollm", "smollX", "; got smollX"],
    ["qwen3", "ggml.pre", "ggml.prX", "; got default"],
    ["qwen3", "ggml.model", "ggml.modeX", "metadata tokenizer.ggml.model: is missing"],
    [
      "llama",
      "model\x08\0\0\0\x05\0\0\0\0\0\0\0llama",
      "model\x08\0\0\0\x05\0\0\0\0\0\0\0llamX",
      "tokenizers that are read are gpt2, llama; got llamX",
    ],
    ["llama", "llama.block_count", "llama.block_counX", "metadata llama.block_count: is missing"],
    ["llama", "blk.1.ffn_up", "blk.1.ffn_uX", 'tensor "blk.1.ffn_uX.weight": not known'],
    [
      "llama",
      "blk.1.ffn_up.weight",
      "blk.9.ffn_up.weight",
      "missing: model.layers.1.mlp.up_proj.weight; unexpected: model.layers.9",
    ],
    [
      "qwen3_moe",
      "qwen3moe.expert_used_count",
      "qwen3moe.expert_used_counX",
      "metadata qwen3moe.expert_used_count: is missing",
    ],
    ["granite", "logit_scale", "logit_scalX", "metadata granite.logit_scale: is missing"],
    ["phi3", "blk.0.attn_output.weight", "rope_factors_long.weight", "longrope is not supported"],
    ["llama3", "rope.freq_base", "rope.freq_basX", "the factors are not those of Llama 3"],
  ])("%s with %j as %j", async (name, from, to, message) => {
    expect(await changed(name, from, to)).toMatchObject({
      message: expect.stringContaining(message),
    });
  });
});
