/** The command against the library, with a small GPT-2 that writes letters. */

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { run } from "../../../src/cli/models/generate.ts";
import { spelledFailure } from "../support.ts";
import {
  completeText,
  type CompleteTextOptions,
  createDecoder,
} from "../../../src/generate/index.ts";
import { gpt2 } from "../../../src/models/architectures/gpt2.ts";
import { cpuRuntime } from "../../../src/runtime/node.ts";
import { readTensor } from "../../../src/runtime/runtime.ts";
import { byteTokenizer } from "../../../src/text/index.ts";
import { drawWeights } from "../../generate/support.ts";
import { loadModel, saveModel } from "../../support/on-node.ts";

const folder = mkdtempSync(join(tmpdir(), "flora-generate-"));
const directory = join(folder, "model");
const PROMPTS = ["der hund", "a", "the cat sleeps"];
const LETTERS = new Set(Buffer.from("abcdefghijklmnopqrstuvwxyz \n"));
const TEMPLATE =
  "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant:";

/** Runs the command; what it wrote. */
const generate = (...words: string[]) => generateWhile(() => undefined, ...words);

/** Runs the command, and does something whenever it writes. */
async function generateWhile(act: () => void, ...words: string[]) {
  const written: string[] = [];
  const told: string[] = [];
  const write = (to: string[]) => (text: string | Uint8Array) => {
    act();
    return to.push(String(text)) > 0;
  };
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation(write(written)),
    vi.spyOn(process.stderr, "write").mockImplementation(write(told)),
  ];
  try {
    const code = await run(["--model", directory, "--threads", "1", ...words]);
    return { code, text: written.join(""), pieces: written.length, told: told.join("") };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** What the library makes. */
async function expected(prompts: readonly string[], options: CompleteTextOptions) {
  const runtime = cpuRuntime({ threads: 1 });
  const { model, weights, tokenizer } = await loadModel(runtime, { directory });
  const decoder = createDecoder(model, runtime, weights);
  const made = await completeText({ model, decoder, tokenizer }, prompts, options);
  await decoder.release();
  return made;
}

beforeAll(async () => {
  const { files } = byteTokenizer();
  const config = { vocab_size: 257, n_positions: 160, n_embd: 24, n_layer: 2, n_head: 4 };
  const model = gpt2(config);
  const weights = drawWeights(model, cpuRuntime({ threads: 1 }));
  // The scores of what is no letter are 0, and below those of some letters.
  weights.get("wte.weight")?.write((elements) => {
    if (!(elements instanceof Float32Array)) throw new Error("float32 expected");
    for (let id = 0; id < 257; id++) if (!LETTERS.has(id)) elements.fill(0, id * 24, (id + 1) * 24);
  });
  const tensors = [...weights].map(
    async ([name, buffer]) => [name, await readTensor(buffer)] as const,
  );
  await saveModel(directory, {
    config: model.config,
    generationConfig: { max_length: 40, forced_eos_token_id: 3, eos_token_id: 256 },
    weights: await Promise.all(tensors),
    files: new Map([...files, ["chat_template.jinja", TEMPLATE]]),
  });
  writeFileSync(join(folder, "in.txt"), `${PROMPTS.join("\r\n")}\n`);
});

const FILE = { maxLength: 40, stopTokens: [256] };
const oneLine = ({ text }: { readonly text: string }) =>
  text.replaceAll(/\s*\n\s*/g, " ").trimEnd();

describe("flora generate", () => {
  it("shows the text of a prompt as it is made, by the model's own options", async () => {
    const [made] = await expected(PROMPTS, FILE);
    const { code, text, pieces, told } = await generate("--prompt", "der hund");
    expect(text).toBe(`${made?.text}\n`);
    expect(made?.text).toHaveLength(32);
    expect(pieces).toBeGreaterThan(10);
    expect(told).toBe(
      "generation_config.json: forced_eos_token_id is not known here and has no effect\n",
    );
    expect(code).toBe(0);
  });

  it.each<[string, readonly string[], CompleteTextOptions]>([
    ["a length", ["--max-new-tokens", "7"], { maxNewTokens: 7 }],
    [
      "sampling",
      ["--temperature", "1.5", "--top-k", "20", "--top-p", "0.9", "--seed", "3"],
      { temperature: 1.5, topK: 20, topP: 0.9, seed: 3 },
    ],
    ["beams", ["--beams", "3", "--length-penalty", "2"], { beams: 3, lengthPenalty: 2 }],
    ["a penalty", ["--repetition-penalty", "1.3"], { repetitionPenalty: 1.3 }],
  ])("takes %s from the command line", async (_, words, options) => {
    const [made] = await expected(PROMPTS, { ...FILE, ...options });
    expect((await generate("--prompt", "der hund", ...words)).text).toBe(`${made?.text}\n`);
    expect(made).not.toEqual((await expected(PROMPTS, FILE))[0]);
  });

  it.each<[Record<string, unknown>, readonly string[], CompleteTextOptions]>([
    [{ num_beams: 3 }, [], { beams: 3 }],
    [{ num_beams: 3 }, ["--temperature", "1.5"], { temperature: 1.5 }],
    [{ do_sample: true, temperature: 2 }, [], { temperature: 2, topK: 50 }],
    [{ do_sample: true, temperature: 2 }, ["--beams", "3"], { beams: 3 }],
    [{ do_sample: true }, ["--temperature", "0"], {}],
    [{ stop_strings: " " }, [], { stopStrings: [" "] }],
    [{ stop_strings: " " }, ["--stop", "e"], { stopStrings: ["e"] }],
  ])("joins %j of the file and %j", async (fields, words, options) => {
    const path = join(directory, "generation_config.json");
    const before = readFileSync(path, "utf8");
    writeFileSync(path, JSON.stringify({ max_length: 40, ...fields }));
    try {
      const { text } = await generate("--prompt", "der hund", ...words);
      expect(text).toBe(`${(await expected(PROMPTS, { ...FILE, ...options }))[0]?.text}\n`);
    } finally {
      writeFileSync(path, before);
    }
  });

  it("makes at most 128 tokens where nothing else is said", async () => {
    const path = join(directory, "generation_config.json");
    const before = readFileSync(path, "utf8");
    writeFileSync(path, "{}");
    try {
      expect((await generate("--prompt", "a")).text).toHaveLength(128 + 1);
    } finally {
      writeFileSync(path, before);
    }
  });

  it("ends before any of several texts", async () => {
    const [made] = await expected(PROMPTS, FILE);
    const whole = made?.text ?? "";
    const stops = [whole.slice(20, 23), whole.slice(9, 12)];
    const [cut] = await expected(PROMPTS, { ...FILE, stopStrings: stops });
    expect(cut?.text.length).toBeLessThan(10);
    const words = stops.map((stop) => `--stop=${stop}`);
    expect((await generate("--prompt", "der hund", ...words)).text).toBe(`${cut?.text}\n`);
  });

  it("writes a line for every line of a file", async () => {
    const made = await expected(
      PROMPTS.map((prompt) => `<${prompt}>`),
      FILE,
    );
    const words = ["--input", join(folder, "in.txt"), "--prefix", "<", "--suffix", ">"];
    const { text } = await generate(...words, "--batch-size", "2");
    expect(text).toBe(made.map((each) => `${oneLine(each)}\n`).join(""));
  });

  it("samples every line anew, in whatever batches", async () => {
    const same = PROMPTS.flatMap(() => ["a", "a"]);
    const made = await expected(same, { ...FILE, temperature: 1.5 });
    writeFileSync(join(folder, "same.txt"), same.join("\n"));
    const words = [
      "--input",
      join(folder, "same.txt"),
      "--temperature",
      "1.5",
      "--batch-size",
      "1",
    ];
    const { text } = await generate(...words);
    expect(text).toBe(made.map((each) => `${oneLine(each)}\n`).join(""));
    expect(new Set(text.trimEnd().split("\n")).size).toBe(same.length);
  });

  it("writes JSON, with the score of a search", async () => {
    const made = await expected(PROMPTS, { ...FILE, beams: 2 });
    const { text } = await generate("--input", join(folder, "in.txt"), "--json", "--beams", "2");
    const lines: unknown[] = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toEqual(made.map((each, i) => ({ prompt: PROMPTS[i], ...each })));
    const single = await generate("--prompt", "a", "--json");
    expect(Object.keys(JSON.parse(single.text))).toEqual(["prompt", "text"]);
  });

  it("stops where the chat template ends an answer", async () => {
    const path = join(directory, "chat_template.jinja");
    const source = (end: string) =>
      `{% for m in messages %}{{ m.role }}: {{ m.content }}${end}{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}`;
    const prompt = (end: string) => `user: hi${end}assistant: `;
    const [free] = await expected([prompt("\n")], FILE);
    const end = free?.text.slice(2, 4) ?? "";
    writeFileSync(path, source(end));
    try {
      const stopStrings = [end.trimEnd()];
      const [made] = await expected([prompt(end)], { ...FILE, stopStrings });
      const { text } = await generate("--chat", "hi");
      expect(text).toBe(`${made?.text}\n`);
    } finally {
      writeFileSync(path, TEMPLATE);
    }
  });

  it("answers a message in the model's chat template", async () => {
    const [made] = await expected(["system: be brief\nuser: hi\nassistant:"], FILE);
    const { text } = await generate("--chat", "hi", "--system", "be brief");
    expect(text).toBe(`${made?.text}\n`);
  });

  it("ends between two tokens when it is interrupted", async () => {
    const before = process.listeners("SIGINT");
    const interrupt = () => {
      for (const listener of process.listeners("SIGINT")) {
        if (!before.includes(listener)) listener("SIGINT");
      }
    };
    const words = ["--prompt", "a", "--max-new-tokens", "60"];
    const { code, text } = await generateWhile(interrupt, ...words);
    expect(code).toBe(130);
    expect(text.endsWith("\n")).toBe(true);
    expect(text.length).toBeLessThan(10);
    expect(process.listeners("SIGINT")).toEqual(before);
  });

  it.each([
    [[], "--prompt: missing"],
    [["--prompt", "a", "--input", "b"], "--input: not together with --prompt"],
    [["--prompt", "a", "--system", "b"], "--system: needs --chat"],
    [
      ["--prompt", "a", "--max-new-tokens", "0"],
      "generate: maxNewTokens must be a whole number from 1; got 0",
    ],
    [["--prompt", "a", "--beams", "0"], "beam search: beams must be a whole number from 1; got 0"],
    [
      ["--prompt", "a", "--beams", "2", "--temperature", "1"],
      "generate: beams are the likeliest texts and not sampled; got temperature 1",
    ],
    [
      ["--prompt", "a".repeat(50)],
      "generate: maxLength leaves no room for a prompt of 50 tokens; got 40",
    ],
    [["--input", "/nowhere"], "data: cannot read /nowhere; got no such file"],
  ])("refuses %j", async (words, message) => {
    expect(await spelledFailure(() => generate(...words))).toMatchObject({ message });
  });
});
