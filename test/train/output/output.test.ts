/** What a model from disk says of itself is there again when it was trained. */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { sharedRuntime } from "../../support/shared-runtime.ts";
import { nodeHost } from "../../../src/host/node.ts";
import { byteTokenizer } from "../../../src/text/index.ts";
import { parseConfig } from "../../../src/options/config.ts";
import { trainEvents } from "../../../src/train/events.ts";
import { mergeAdapter } from "../../../src/train/output/merge-adapter.ts";
import { readGolden } from "../../models/golden.ts";

const context = { runtime: sharedRuntime, host: nodeHost() };
const folder = mkdtempSync(join(tmpdir(), "flora-output-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const text = join(folder, "text.txt");
writeFileSync(text, "\u0001\u0002\u0003\u0004\u0005".repeat(200));

/** The directory of a tiny Llama whose ids fit few bytes. */
async function llamaOf(
  fields: Readonly<Record<string, unknown>>,
  generationConfig?: Readonly<Record<string, unknown>>,
): Promise<string> {
  const { config } = readGolden("llama");
  const scratch = mkdtempSync(join(folder, "scratch-"));
  const { bos_token_id: _, eos_token_id: __, ...rest } = config;
  const model = { ...rest, vocab_size: 257 };
  for await (const _event of trainEvents(
    parseConfig({ train: text, model, steps: 1, contextLength: 16, output: scratch }),
    context,
  ));
  const directory = mkdtempSync(join(folder, "model-"));
  cpSync(scratch, directory, { recursive: true });
  const saved = JSON.parse(readFileSync(join(scratch, "config.json"), "utf8"));
  writeFileSync(join(directory, "config.json"), JSON.stringify({ ...saved, ...fields }));
  rmSync(join(directory, "generation_config.json"));
  if (generationConfig) {
    const file = join(directory, "generation_config.json");
    writeFileSync(file, JSON.stringify(generationConfig));
  }
  return directory;
}

async function trained(directory: string) {
  const output = mkdtempSync(join(folder, "trained-"));
  const options = { train: text, model: directory, steps: 1, contextLength: 16, output };
  for await (const _event of trainEvents(parseConfig(options), context));
  const read = (name: string): unknown => JSON.parse(readFileSync(join(output, name), "utf8"));
  return { config: read("config.json"), generation: read("generation_config.json") };
}

it("keeps several end tokens, and the whole generation_config.json", async () => {
  const ids = { bos_token_id: 3, eos_token_id: [4, 5] };
  const generation = { ...ids, do_sample: true, temperature: 0.6 };
  const after = await trained(await llamaOf(ids, generation));
  expect(after.config).toMatchObject(ids);
  expect(after.generation).toEqual(generation);
});

it("says where texts begin and end if the model did not", async () => {
  const after = await trained(await llamaOf({ bos_token_id: null, eos_token_id: null }));
  const end = byteTokenizer().endOfText;
  expect(after.config).toMatchObject({ bos_token_id: end, eos_token_id: end });
  expect(after.generation).toMatchObject({ eos_token_id: end, pad_token_id: end });
});

describe("a model that learned chats", () => {
  const messages = [
    { role: "user", content: "sky" },
    { role: "assistant", content: "blue" },
  ];
  const chats = join(folder, "chats.jsonl");
  writeFileSync(chats, `${JSON.stringify({ messages })}\n`.repeat(4));
  const template =
    "{% for m in messages %}{{ m.role }} {{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}assistant {% endif %}";
  const file = join(folder, "chat.jinja");
  writeFileSync(file, template);

  /** The files of a tokenizer that has <|im_end|> as a token of its own. */
  const tokenizer = mkdtempSync(join(folder, "tokenizer-"));
  const END = 257;
  for (const [name, content] of byteTokenizer().files) {
    const json = JSON.parse(content);
    if (name === "tokenizer.json") {
      json.added_tokens.push({ ...json.added_tokens[0], id: END, content: "<|im_end|>" });
    }
    writeFileSync(join(tokenizer, name), JSON.stringify(json));
  }

  async function run(options: Parameters<typeof parseConfig>[0]) {
    const output = mkdtempSync(join(folder, "chatty-"));
    const all = { train: chats, chatTemplate: file, steps: 1, batchSize: 2, output };
    for await (const _event of trainEvents(parseConfig({ ...all, ...options }), context));
    const read = (name: string) => readFileSync(join(output, name), "utf8");
    return { output, read };
  }
  const { config } = readGolden("llama");
  const model = { ...config, vocab_size: 258, max_position_embeddings: 64 };
  const ends = [byteTokenizer().endOfText, END];

  it("stops at what ends an answer, and has the template that it learned", async () => {
    const { read } = await run({ model, tokenizer });
    expect(JSON.parse(read("generation_config.json"))).toMatchObject({ eos_token_id: ends });
    expect(read("chat_template.jinja")).toBe(template);
  });

  it("keeps further templates, also as an adapter, and when that is merged", async () => {
    const further = "additional_chat_templates/tools.jinja";
    mkdirSync(join(tokenizer, "additional_chat_templates"));
    writeFileSync(join(tokenizer, further), "{{ 1 }}");
    const base = await run({ model, tokenizer });
    expect(base.read(further)).toBe("{{ 1 }}");
    const adapter = await run({ model: base.output, method: "lora", rank: 2 });
    expect(adapter.read(further)).toBe("{{ 1 }}");
    const output = mkdtempSync(join(folder, "merged-"));
    await mergeAdapter(nodeHost().files, { adapter: adapter.output, output });
    expect(readFileSync(join(output, further), "utf8")).toBe("{{ 1 }}");
  });

  it("keeps both as an adapter, and when that is merged", async () => {
    const base = await run({ model, tokenizer, chatTemplate: "chatml" });
    writeFileSync(
      join(base.output, "generation_config.json"),
      JSON.stringify({ temperature: 0.5, eos_token_id: 7 }),
    );
    const adapter = await run({ model: base.output, tokenizer: "bytes", method: "lora", rank: 2 });
    const generation = { temperature: 0.5, eos_token_id: [7, END] };
    expect(JSON.parse(adapter.read("generation_config.json"))).toEqual(generation);
    const output = mkdtempSync(join(folder, "merged-"));
    await mergeAdapter(nodeHost().files, { adapter: adapter.output, output });
    const read = (name: string) => readFileSync(join(output, name), "utf8");
    expect(JSON.parse(read("generation_config.json"))).toEqual(generation);
    expect(read("chat_template.jinja")).toBe(template);
  });
});
