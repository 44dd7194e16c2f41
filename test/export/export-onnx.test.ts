/**
 * Exported models in transformers.js: the text that transformers makes (goldens of test/golden/make_models.py), one by one and in a
 * batch that is padded on the left, and the trained Llama's.
 */

import { existsSync, readFileSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  AutoModelForCausalLM,
  AutoModelForSeq2SeqLM,
  AutoTokenizer,
  Tensor,
} from "@huggingface/transformers";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { byteTokenizer, createChat } from "../../src/text/index.ts";
import {
  DECODERS,
  type GeneratorName,
  readGeneration,
  readGolden,
  SEQ2SEQ,
} from "../models/golden.ts";
import { needsData } from "../support/data.ts";
import { exportSaved, modelFolder } from "./support.ts";
import { exportModel, saveModel } from "../support/on-node.ts";
import { sharedRuntime } from "../support/shared-runtime.ts";

const folder = modelFolder();

type Rows = readonly (readonly number[])[];

/** Rows filled up on a side, and the mask that says with what. */
function padded(rows: Rows, pad: number, side: "left" | "right") {
  const length = Math.max(...rows.map((row) => row.length));
  const fill = (row: readonly number[], filler: number, elements: readonly number[]) => {
    const rest = Array.from({ length: length - row.length }, () => filler);
    return side === "left" ? [...rest, ...elements] : [...elements, ...rest];
  };
  const tensor = (matrix: Rows) =>
    new Tensor("int64", BigInt64Array.from(matrix.flat(), BigInt), [rows.length, length]);
  return {
    input_ids: tensor(rows.map((row) => fill(row, pad, row))),
    attention_mask: tensor(
      rows.map((row) =>
        fill(
          row,
          0,
          row.map(() => 1),
        ),
      ),
    ),
  };
}

/** What follows each prompt, up to and with the end token. */
function continuations(output: unknown, start: number, end: number): number[][] {
  if (!(output instanceof Tensor)) throw new Error("not a tensor");
  const [rows = 0, length = 0] = output.dims;
  const ids = Array.from(output.data, Number);
  return Array.from({ length: rows }, (_, row) => {
    const made = ids.slice(row * length + start, (row + 1) * length);
    const last = made.indexOf(end);
    return last < 0 ? made : made.slice(0, last + 1);
  });
}

async function exported(name: GeneratorName): Promise<string> {
  await exportSaved(folder, name, readGolden(name));
  return name;
}

const greedy = { do_sample: false, num_beams: 1 };

describe.each(DECODERS)("%s", (name) => {
  it("continues prompts as transformers does", async () => {
    const generation = readGeneration(name);
    const { prompts, maxNewTokens, endToken, padToken } = generation;
    const model = await AutoModelForCausalLM.from_pretrained(await exported(name), {
      dtype: "fp32",
    });
    for (const batch of [prompts, ...prompts.map((prompt) => [prompt])]) {
      const inputs = padded(batch, padToken, "left");
      const output = await model.generate({
        ...inputs,
        ...greedy,
        max_new_tokens: maxNewTokens,
        eos_token_id: endToken,
        pad_token_id: padToken,
      });
      const wanted = batch.map((prompt) => generation.greedy[prompts.indexOf(prompt)]);
      const start = inputs.input_ids.dims[1] ?? 0;
      expect(continuations(output, start, endToken)).toEqual(wanted);
    }
  });
});

describe.each(SEQ2SEQ)("%s", (name) => {
  it("answers prompts as transformers does", async () => {
    const generation = readGeneration(name);
    const { prompts, maxNewTokens, endToken, padToken } = generation;
    const model = await AutoModelForSeq2SeqLM.from_pretrained(await exported(name), {
      dtype: "fp32",
    });
    for (const batch of [prompts, ...prompts.map((prompt) => [prompt])]) {
      const output = await model.generate({
        ...padded(batch, padToken, "right"),
        ...greedy,
        max_new_tokens: maxNewTokens,
        eos_token_id: endToken,
        pad_token_id: padToken,
      });
      const wanted = batch.map((prompt) => generation.greedy[prompts.indexOf(prompt)]);
      expect(continuations(output, 1, endToken)).toEqual(wanted);
    }
  });
});

const STORIES = "../shared/data/checkpoints/stories260K_hf";

it("the trained Llama tells its story", needsData(STORIES), async () => {
  const { greedy_ids: story } = JSON.parse(readFileSync(join(STORIES, "expected.json"), "utf8"));
  await exportModel(sharedRuntime, { directory: STORIES, output: join(folder, "stories") });
  const model = await AutoModelForCausalLM.from_pretrained("stories", { dtype: "fp32" });
  const output = await model.generate({
    ...padded([[1]], 0, "left"),
    ...greedy,
    max_new_tokens: story.length - 1,
  });
  expect(continuations(output, 0, -1)).toEqual([story]);
});

it("leaves what belongs to a model beside the graphs, and nothing of training", async () => {
  const { config, weights } = readGolden("llama");
  const directory = join(folder, "complete");
  await saveModel(directory, {
    config,
    generationConfig: { eos_token_id: 2 },
    weights: Object.entries(weights),
    files: new Map([["tokenizer.json", "{}"]]),
  });
  await writeFile(join(directory, "log.jsonl"), "");
  const output = join(folder, "complete-onnx");
  expect(await exportModel(sharedRuntime, { directory, output })).toMatchObject({
    files: ["onnx/model.onnx"],
  });
  expect((await readdir(output)).toSorted()).toEqual([
    "config.json",
    "generation_config.json",
    "onnx",
    "tokenizer.json",
  ]);
  expect(readFileSync(join(output, "tokenizer.json"), "utf8")).toBe("{}");
});

it("refuses what is no model", async () => {
  await expect(
    exportModel(sharedRuntime, {
      directory: join(folder, "nothing"),
      output: join(folder, "none"),
    }),
  ).rejects.toThrow(UsageError);
  expect(existsSync(join(folder, "none"))).toBe(false);
});

it("has its chat template where transformers.js looks for it", async () => {
  const { files } = byteTokenizer();
  const template =
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";
  const tokenizer = {
    ...byteTokenizer(),
    files: new Map([
      ...files,
      ["chat_template.jinja", template],
      ["additional_chat_templates/short.jinja", "{{ messages | length }}"],
    ]),
  };
  await exportSaved(folder, "chatty", { ...readGolden("llama"), files: tokenizer.files });
  const messages = [
    { role: "user", content: "sky" },
    { role: "assistant", content: "blue" },
    { role: "user", content: "leaf" },
  ];
  const theirs = await AutoTokenizer.from_pretrained("chatty");
  expect(
    theirs.apply_chat_template(messages, { tokenize: false, add_generation_prompt: true }),
  ).toBe(createChat(tokenizer).render(messages, { addGenerationPrompt: true }));
  expect(theirs.apply_chat_template(messages, { tokenize: false, chat_template: "short" })).toBe(
    "3",
  );
  // The files are what transformers reads.
  const further = await readFile(
    join(folder, "chatty/additional_chat_templates/short.jinja"),
    "utf8",
  );
  expect(further).toBe("{{ messages | length }}");
  expect(await readFile(join(folder, "chatty", "chat_template.jinja"), "utf8")).toBe(template);
});
