/** The command with a small GPT-2: its first line, answers beside those of `flora generate`'s library, and how a signal ends it. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { run } from "../../../src/cli/models/serve.ts";
import { completeText, createDecoder } from "../../../src/generate/index.ts";
import { gpt2 } from "../../../src/models/architectures/gpt2.ts";
import { cpuRuntime } from "../../../src/runtime/node.ts";
import { readTensor } from "../../../src/runtime/runtime.ts";
import { byteTokenizer } from "../../../src/text/index.ts";
import { drawWeights } from "../../generate/support.ts";
import { loadModel, saveModel } from "../../support/on-node.ts";
import { spelledFailure } from "../support.ts";

const folder = mkdtempSync(join(tmpdir(), "flora-serve-"));
afterAll(() => rmSync(folder, { recursive: true }));
const [plain, chatty] = [join(folder, "plain"), join(folder, "chatty")];

beforeAll(async () => {
  const { files } = byteTokenizer();
  const model = gpt2({ vocab_size: 257, n_positions: 96, n_embd: 24, n_layer: 2, n_head: 4 });
  const drawn = drawWeights(model, cpuRuntime({ threads: 1 }));
  const weights = await Promise.all(
    [...drawn].map(async ([name, buffer]) => [name, await readTensor(buffer)] as const),
  );
  const template = "{% for message in messages %}{{ message.content }}{% endfor %}";
  for (const [directory, own] of [
    [plain, []],
    [chatty, [["chat_template.jinja", template]]],
  ] as const) {
    const all = new Map([...files, ...own]);
    await saveModel(directory, { config: model.config, generationConfig: {}, weights, files: all });
  }
});

/** Runs the command, and does something with what its first line says; returns the exit code. */
async function served(words: readonly string[], act: (line: string) => Promise<void>) {
  let tell = (_line: string): void => undefined;
  const line = new Promise<string>((resolve) => (tell = resolve));
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    tell(String(text));
    return true;
  });
  const ended = run([...words, "--port", "0", "--threads", "1"]);
  try {
    await act(await Promise.race([line, ended.then(String)]));
  } finally {
    process.emit("SIGTERM");
    spy.mockRestore();
  }
  return ended;
}

/** What stands in the variable of the shell. */
const KEY = "secret";

/** What a line of curl asks, by fetch. */
async function curled(line: string) {
  const [, url = "", rest = ""] = /curl (\S+) (.*)\n$/.exec(line) ?? [];
  const known = rest.replace(
    /"Authorization: Bearer \$FLORA_API_KEY"/,
    `'Authorization: Bearer ${KEY}'`,
  );
  const quoted = [...known.matchAll(/-(\w) '([^']*)'/g)];
  const headers = quoted
    .filter(([, flag]) => flag === "H")
    .map(([, , header = ""]) => header.split(": ", 2));
  const [, , body = ""] = quoted.find(([, flag]) => flag === "d") ?? [];
  const response = await fetch(url, {
    method: "POST",
    headers: Object.fromEntries(headers),
    body,
  });
  return [response.status, await response.json()];
}

it.each([
  ["a model without a chat template", () => plain, [], { object: "text_completion" }],
  ["one that has one", () => chatty, [], { object: "chat.completion" }],
  ["a key", () => chatty, ["--api-key", KEY], { object: "chat.completion" }],
] as const)("%s: the first line has a request that works", async (_, directory, own, answer) => {
  const words = ["--model", directory(), "--max-tokens", "6", ...own];
  const code = await served(words, async (line) => {
    expect(line).toContain(`${directory()} at http://127.0.0.1:`);
    expect(line).not.toContain(KEY);
    expect(await curled(line)).toEqual([200, expect.objectContaining(answer)]);
  });
  expect(code).toBe(0);
});

it("answers several at a time as the library does one by one", async () => {
  const prompts = ["one", "two three", "four, five, six and seven", "x"];
  const runtime = cpuRuntime({ threads: 1 });
  const { model, weights, tokenizer } = await loadModel(runtime, { directory: plain });
  const decoder = createDecoder(model, runtime, weights);
  const text = { model, decoder, tokenizer };
  const sampled = { temperature: 0.9, topP: 0.8, seed: 5, maxNewTokens: 20 };
  const expected: string[] = [];
  for (const prompt of prompts) {
    expected.push((await completeText(text, [prompt], sampled))[0]?.text ?? "");
  }
  await decoder.release();
  await served(["--model", plain, "--parallel", "4"], async (line) => {
    const [, address = ""] = /curl (\S+)/.exec(line) ?? [];
    const asked = prompts.map(async (prompt) => {
      const body = { prompt, temperature: 0.9, top_p: 0.8, seed: 5, max_tokens: 20 };
      const headers = { "Content-Type": "application/json" };
      const init = { method: "POST", headers, body: JSON.stringify(body) };
      return (await fetch(address, init)).json();
    });
    const answers = expected.map((each) => ({ choices: [{ text: each }] }));
    expect(await Promise.all(asked)).toMatchObject(answers);
  });
});

it("says that a model has no chat template", async () => {
  await served(["--model", plain], async (line) => {
    const chat = line
      .replace("/completions", "/chat/completions")
      .replace('{"prompt":"Hello"}', '{"messages":[{"role":"user","content":"Hello"}]}');
    const [status, body] = await curled(chat);
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain("plain has no chat template; /v1/completions continues");
  });
});

it.each([
  [["--host", "0.0.0.0"], "--host: who reaches 0.0.0.0 needs a key to show; got none"],
  [["--api-key", ""], "--api-key: must be a text"],
])("refuses %j before the model is loaded", async (words, message) => {
  await expect(spelledFailure(() => run(["--model", "nowhere", ...words]))).resolves.toMatchObject({
    message: expect.stringContaining(message),
  });
});
