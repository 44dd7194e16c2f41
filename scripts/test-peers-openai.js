/**
 * `npm run test:peers`: flora serve, asked by OpenAI's own client, which is fetched for the occasion.
 *
 *   openai 7.59.0   answers, streams, usage, models, and the errors that the client makes of what is refused
 */

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fetchPeer } from "./fetch-peer.js";

const PACKAGE = "openai";
const VERSION = "7.59.0";

const folder = mkdtempSync(join(tmpdir(), "flora-peers-"));
const flora = fileURLToPath(new URL("../bin/flora.js", import.meta.url));
const chats = fileURLToPath(new URL("../examples/chats.jsonl", import.meta.url));

/** A model that has learned next to nothing, with a chat template. */
function makeModel() {
  const shape = {
    hidden_size: 16,
    intermediate_size: 16,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    max_position_embeddings: 512,
  };
  const words = Object.entries(shape).flatMap(([name, value]) => [`--model.${name}`, `${value}`]);
  const data = ["--train", chats, "--chat-template", "chatml", "--tokenizer", "bpe:300"];
  const run = ["--steps", "1", "--translations", "0", "--samples", "0", "--too-long", "drop"];
  execFileSync(
    process.execPath,
    [flora, "train", ...data, "--model.model_type", "llama", ...words, ...run, "--output", "model"],
    { cwd: folder, stdio: ["ignore", "ignore", "inherit"] },
  );
}

async function serve() {
  const words = ["--model", "model", "--port", "0", "--api-key", "key", "--max-tokens", "32"];
  const child = spawn(process.execPath, [flora, "serve", ...words], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(child.stdout.setEncoding("utf8"), "data");
  const [, baseURL] = /at (\S+);/.exec(line);
  return { child, baseURL };
}

const { default: OpenAI } = await fetchPeer(folder, PACKAGE, VERSION);
makeModel();
const { child, baseURL } = await serve();
try {
  const client = new OpenAI({ baseURL, apiKey: "key", maxRetries: 0 });
  const model = "model";
  const messages = [{ role: "user", content: "Hello?" }];
  const asked = { model, messages, temperature: 0, max_completion_tokens: 12 };

  assert.deepEqual(
    (await client.models.list()).data.map(({ id }) => id),
    [model],
  );
  assert.equal((await client.models.retrieve(model)).id, model);

  const whole = await client.chat.completions.create(asked);
  const { content } = whole.choices[0].message;
  assert.equal(whole.usage.completion_tokens, 12);
  assert.equal(whole.choices[0].finish_reason, "length");

  const stream_options = { include_usage: true };
  let [streamed, usage] = ["", undefined];
  for await (const chunk of await client.chat.completions.create({
    ...asked,
    stream: true,
    stream_options,
  })) {
    streamed += chunk.choices[0]?.delta.content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.equal(streamed, content);
  assert.deepEqual(usage, whole.usage);
  const runner = client.chat.completions.stream(asked);
  assert.equal(await runner.finalContent(), content);

  const text = await client.completions.create({ model, prompt: "Hello", max_tokens: 3 });
  assert.equal(text.usage.completion_tokens, 3);

  const refused = (params, status, param) =>
    assert.rejects(client.chat.completions.create({ ...asked, ...params }), (error) => {
      assert.ok(error instanceof OpenAI.APIError);
      assert.deepEqual([error.status, error.param], [status, param]);
      return true;
    });
  await refused({ n: 2 }, 400, "n");
  await refused({ model: "gpt" }, 404, "model");
  const stranger = new OpenAI({ baseURL, apiKey: "other", maxRetries: 0 });
  await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);

  const controller = new AbortController();
  const left = await client.chat.completions.create(
    { ...asked, max_completion_tokens: 32, stream: true },
    { signal: controller.signal },
  );
  for await (const _ of left) controller.abort();
  assert.equal((await client.chat.completions.create(asked)).choices[0].message.content, content);
  console.log(
    `${PACKAGE} ${VERSION}: answers, streams, usage, models and errors are as it expects`,
  );
} finally {
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
  rmSync(folder, { recursive: true, force: true });
}
