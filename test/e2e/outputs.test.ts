/**
 * What training, merging and exporting leave, opened by transformers.js: with the tokenizer and the template that it finds there, the
 * same 20 tokens follow greedily, and classes have the same probabilities. golden/check_outputs.py does it with transformers.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  AutoModelForCausalLM,
  AutoModelForSeq2SeqLM,
  AutoModelForSequenceClassification,
  AutoTokenizer,
  env,
  Tensor,
} from "@huggingface/transformers";
import { beforeAll, describe, expect, it } from "vitest";
import { completeText, createDecoder } from "../../src/generate/index.ts";
import type { LoadModelOptions } from "../../src/generate/load-model.ts";
import type { TrainOptions } from "../../src/options/config.ts";
import { classifyTexts } from "../../src/predict/index.ts";
import { createChat } from "../../src/text/index.ts";
import { numbersIn } from "../export/support.ts";
import { runtime } from "../predict/support.ts";
import { exportModel, loadModel, mergeAdapter } from "../support/on-node.ts";
import { sharedRuntime } from "../support/shared-runtime.ts";
import { folder, runTiny } from "./support.ts";

const TOKENS = 20;
/** Logits of float32, summed in another order. */
const TOLERANCE = 1e-5;

beforeAll(() => {
  env.allowRemoteModels = false;
  env.localModelPath = folder;
});

const COLOURS = { sky: "blue", leaf: "green", sun: "yellow", snow: "white", coal: "black" };
const sentences = Object.entries(COLOURS).map(
  ([thing, colour]) => `The ${thing} is ${colour}, as everybody knows.`,
);

const file = (name: string, lines: readonly string[]): string => {
  const path = join(folder, name);
  writeFileSync(path, lines.join("\n"));
  return path;
};
const repeated = (lines: readonly string[]) => Array.from({ length: 12 }, () => lines).flat();
const text = file("text.txt", repeated(sentences));
const pairs = file(
  "made-pairs.tsv",
  repeated(["the dog sleeps\tder Hund schläft", "a cat runs\teine Katze läuft"]),
);
const labelled = file("labelled.tsv", repeated(["yes\tThe dog sleeps.", "no\tThe dog sleep the."]));
const chatsOf = (name: string, answer: (thing: string, colour: string) => string): string =>
  file(
    name,
    repeated(
      Object.entries(COLOURS).map(([thing, colour]) => {
        const messages = [
          { role: "user", content: `What colour is the ${thing}?` },
          { role: "assistant", content: answer(thing, colour) },
        ];
        return JSON.stringify({ messages });
      }),
    ),
  );
const chats = chatsOf("chats.jsonl", (thing, colour) => `The ${thing} is ${colour}.`);
const others = chatsOf("others.jsonl", () => "Nobody knows, and nobody asks.");

const shared: TrainOptions = {
  threads: 1,
  steps: 30,
  learningRate: 0.01,
  optimizer: "adamw",
  method: "dense",
};
const llama = {
  model_type: "llama",
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 192,
};

/** A text, or a message in the chat template. */
type Asked = { readonly prompt: string } | { readonly message: string };

const messagesOf = (content: string) => [{ role: "user", content }];

/** What follows here. */
async function continued(from: LoadModelOptions, asked: Asked): Promise<string> {
  const { model, weights, tokenizer, generation } = await loadModel(runtime, from);
  const prompt =
    "prompt" in asked
      ? asked.prompt
      : createChat(tokenizer).encodePrompt(messagesOf(asked.message));
  const decoder = createDecoder(model, runtime, weights);
  const options = { ...generation.options, maxNewTokens: TOKENS };
  const [made] = await completeText({ decoder, tokenizer, model }, [prompt], options);
  await decoder.release();
  return made?.text ?? "";
}

/** The same of the exported model in transformers.js; encoders are read before what they lead to is written. */
async function continuedThere(name: string, asked: Asked, readsFirst: boolean): Promise<string> {
  const tokenizer = await AutoTokenizer.from_pretrained(name);
  const given =
    "prompt" in asked
      ? asked.prompt
      : tokenizer.apply_chat_template(messagesOf(asked.message), {
          add_generation_prompt: true,
          tokenize: false,
        });
  const inputs = tokenizer(given);
  const Model = readsFirst ? AutoModelForSeq2SeqLM : AutoModelForCausalLM;
  const model = await Model.from_pretrained(name, { dtype: "fp32" });
  const output = await model.generate({ ...inputs, max_new_tokens: TOKENS, do_sample: false });
  if (!(output instanceof Tensor)) throw new Error("not a tensor");
  const start = readsFirst ? 1 : numbersIn(inputs.input_ids).numbers.length;
  const made = Array.from(output.data, Number).slice(start);
  return tokenizer.decode(made, { skip_special_tokens: true });
}

let exports = 0;

/** Exports a model to where transformers.js looks. */
async function exported(directory: string): Promise<string> {
  exports += 1;
  const name = `onnx-${exports}`;
  await exportModel(sharedRuntime, { directory, output: join(folder, name) });
  return name;
}

/** The text that follows here and there. */
async function compare(directory: string, asked: Asked, readsFirst = false): Promise<string> {
  const here = await continued({ directory }, asked);
  expect(new Set(here).size).toBeGreaterThan(3);
  expect(await continuedThere(await exported(directory), asked, readsFirst)).toBe(here);
  return here;
}

describe("transformers.js says the same of", () => {
  it("a GPT-2 that learned a text", async () => {
    const model = { n_embd: 32, n_layer: 2, n_head: 4, n_positions: 128 };
    const { output } = await runTiny({
      ...shared,
      train: text,
      tokenizer: "bpe:300",
      contextLength: 32,
      steps: 60,
      model,
    });
    await compare(output, { prompt: "The sun is" });
  });

  it("a Llama that learned conversations, and a LoRA of it that was merged", async () => {
    const options: TrainOptions = { ...shared, train: chats };
    const base = await runTiny({ ...options, model: llama, chatTemplate: "chatml" });
    const asked = { message: "What colour is the leaf?" };
    const before = await compare(base.output, asked);
    const lora: TrainOptions = { ...options, model: base.output, method: "lora", rank: 4 };
    const { output: adapter } = await runTiny({ ...lora, train: others });
    const merged = join(folder, "merged");
    await mergeAdapter({ adapter, output: merged });
    const after = await compare(merged, asked);
    expect(after).toBe(await continued({ adapter }, asked));
    expect(after).not.toBe(before);
  });

  it("a T5 that learned pairs", async () => {
    const model = {
      model_type: "t5",
      d_model: 32,
      d_ff: 64,
      d_kv: 8,
      num_layers: 2,
      num_heads: 4,
    };
    const { output } = await runTiny({ ...shared, train: pairs, model });
    await compare(output, { prompt: "the dog sleeps" }, true);
  });

  it("a BERT that learned classes", async () => {
    const model = {
      model_type: "bert",
      hidden_size: 32,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      intermediate_size: 64,
    };
    const task: TrainOptions = { task: "classify", labelColumn: "1", textColumn: "2" };
    // Few steps, after which it is not sure yet.
    const { output } = await runTiny({ ...shared, ...task, train: labelled, model, steps: 12 });
    const loaded = await loadModel(runtime, { directory: output });
    const question = "The dog sleeps.";
    const [here] = await classifyTexts(loaded, runtime, [question]);
    const name = await exported(output);
    const tokenizer = await AutoTokenizer.from_pretrained(name);
    const classifier = await AutoModelForSequenceClassification.from_pretrained(name, {
      dtype: "fp32",
    });
    const { logits } = await classifier(tokenizer(question));
    const { numbers } = numbersIn(logits);
    const sum = numbers.reduce((total, logit) => total + Math.exp(logit), 0);
    for (const [i, probability] of Object.values(here?.probabilities ?? {}).entries()) {
      expect(Math.abs(Math.exp(numbers[i] ?? 0) / sum - probability)).toBeLessThan(TOLERANCE);
    }
    expect(numbers).toHaveLength(2);
  });
});
