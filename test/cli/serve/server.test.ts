/** A model behind OpenAI's interface, asked by fetch: answers, streams, what is refused, who waits, and how it ends. */

import { request } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { type ModelServer, type ServeOptions, serveModel } from "../../../src/cli/serve/server.ts";
import { letters, type Pace } from "./alphabet.ts";

/** A pace that can be stopped. */
function gate() {
  let open = (): void => undefined;
  let closed: Promise<void> | undefined;
  const pace: Pace = {
    made: 0,
    wait: () => closed ?? new Promise((resolve) => setImmediate(resolve)),
  };
  return {
    pace,
    close: () => void (closed = new Promise((resolve) => (open = resolve))),
    open: () => {
      closed = undefined;
      open();
    },
  };
}

let server: ModelServer | undefined;
let told: unknown[] = [];
afterEach(async () => {
  await server?.close(0);
  server = undefined;
  told = [];
});

async function serve(own: Partial<ServeOptions> = {}, { pace } = gate()) {
  const limits = { running: 1, waiting: 2 };
  const report = (error: unknown) => void told.push(error);
  const started = await serveModel(letters(pace), {
    host: "127.0.0.1",
    port: 0,
    report,
    ...limits,
    ...own,
  });
  server = started;
  const at = (path: string) => `${started.address}/${path}`;
  const post = (path: string, body: unknown, init: RequestInit = {}) =>
    fetch(at(path), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
      ...init,
    });
  const chat = (own_: object = {}, init?: RequestInit) =>
    post("chat/completions", { messages: [{ role: "user", content: "Hm" }], ...own_ }, init);
  const complete = (own_: object = {}, init?: RequestInit) =>
    post("completions", { prompt: "abc", ...own_ }, init);
  return { address: started.address, at, post, chat, complete };
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz";
const events = (text: string) => text.split("\n\n").filter((each) => each !== "");
const chunksOf = (text: string): { choices: readonly Record<string, unknown>[] }[] =>
  events(text)
    .slice(0, -1)
    .map((each) => JSON.parse(each.replace(/^data: /, "")));

describe("answers", () => {
  it("a conversation, with its usage", async () => {
    const { chat } = await serve();
    const response = await chat({ model: "letters", user: "me", n: 1, tools: [], stop: null });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      id: expect.stringMatching(/^chatcmpl-[0-9a-f]{24}$/),
      object: "chat.completion",
      created: expect.closeTo(Date.now() / 1000, -1),
      model: "letters",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: ALPHABET, refusal: null },
          logprobs: null,
          finish_reason: "stop",
        },
      ],
      usage: { prompt_tokens: 9, completion_tokens: 26, total_tokens: 35 },
    });
  });

  it.each([
    [{}, "defghijklmnopqrstuvwxyz", "stop", 23],
    [{ max_tokens: 2 }, "de", "length", 2],
    [{ max_completion_tokens: 2 }, "de", "length", 2],
    [{ stop: "gh" }, "def", "stop", 5],
    [{ stop: "gh", max_tokens: 5 }, "def", "stop", 5],
    [{ stop: "gh", max_tokens: 4 }, "defg", "length", 4],
    [{ stop: ["x", "f"], temperature: 0, seed: 3 }, "de", "stop", 3],
    [{ prompt: ["xy"], top_p: 0 }, "z", "stop", 1],
    [{ temperature: 0.1, top_p: 0.5, max_tokens: 4 }, "defg", "length", 4],
    [{ prompt: "a".repeat(60) }, "bcde", "length", 4],
  ])("a text with %j", async (own, text, reason, tokens) => {
    const { complete } = await serve();
    expect(await (await complete(own)).json()).toMatchObject({
      object: "text_completion",
      choices: [{ text, index: 0, finish_reason: reason }],
      usage: { completion_tokens: tokens },
    });
  });

  it("a stream of a conversation, which ends with its usage", async () => {
    const { chat } = await serve();
    const response = await chat({ stream: true, stream_options: { include_usage: true } });
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const text = await response.text();
    expect(events(text).at(-1)).toBe("data: [DONE]");
    const chunks = chunksOf(text);
    expect(chunks[0]).toMatchObject({
      object: "chat.completion.chunk",
      choices: [{ delta: { role: "assistant", content: "" }, finish_reason: null }],
      usage: null,
    });
    const said = chunks.map(({ choices }) => choices[0]?.["delta"]);
    expect(said.slice(1, -2)).toEqual(ALPHABET.split("").map((content) => ({ content })));
    expect(chunks.at(-2)).toMatchObject({ choices: [{ delta: {}, finish_reason: "stop" }] });
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 9, completion_tokens: 26, total_tokens: 35 },
    });
  });

  it("a stream of a text, without usage", async () => {
    const { complete } = await serve();
    const chunks = chunksOf(await (await complete({ stream: true, max_tokens: 3 })).text());
    expect(chunks.map(({ choices }) => choices[0]?.["text"]).join("")).toBe("def");
    expect(chunks.at(-1)).toMatchObject({ choices: [{ finish_reason: "length" }] });
    expect(chunks.some((chunk) => "usage" in chunk)).toBe(false);
  });

  it("which model there is", async () => {
    const { at } = await serve();
    const model = {
      id: "letters",
      object: "model",
      created: expect.any(Number),
      owned_by: "flora",
    };
    expect(await (await fetch(at("models"))).json()).toEqual({ object: "list", data: [model] });
    expect(await (await fetch(at("models/letters"))).json()).toEqual(model);
    expect((await fetch(at("models/words"))).status).toBe(404);
  });

  it("several at a time as one after another", async () => {
    const { complete } = await serve({ running: 3 });
    const all = await Promise.all(
      ["a", "m", "x"].map(async (prompt) => (await complete({ prompt })).json()),
    );
    expect(all).toMatchObject(
      ["bcdefghijklmnopqrstuvwxyz", "nopqrstuvwxyz", "yz"].map((text) => ({ choices: [{ text }] })),
    );
  });
});

describe("refuses", () => {
  it.each<readonly [object, string, string]>([
    [{ n: 2 }, "n: 2 is not supported here", "n"],
    [{ logprobs: true }, "logprobs: true is not supported here", "logprobs"],
    [{ tools: [{}] }, "tools: [{}] is not supported here", "tools"],
    [{ response_format: { type: "json_object" } }, "is not supported here", "response_format"],
    [{ toString: 1 }, "toString: is not known here", "toString"],
    [{ temperature: 3 }, "temperature: must be a number from 0 to 2; got 3", "temperature"],
    [{ temperature: "1" }, 'temperature: must be a number from 0 to 2; got "1"', "temperature"],
    [{ top_p: -1 }, "top_p: must be a number from 0 to 1; got -1", "top_p"],
    [{ seed: 0.5 }, "seed: must be a whole number from 0", "seed"],
    [{ max_tokens: 0 }, "max_tokens: must be a whole number from 1; got 0", "max_tokens"],
    [{ max_tokens: 41 }, "max_tokens: an answer has at most 40 tokens here; got 41", "max_tokens"],
    [{ stop: 3 }, "stop: must be a text, or a list of at most 4; got 3", "stop"],
    [{ stream: "yes" }, 'stream: must be true or false; got "yes"', "stream"],
    [{ stream_options: { x: 1 } }, "stream_options.x: is not known here", "stream_options.x"],
    [{ messages: [] }, "messages: must be a list of messages; got []", "messages"],
    [{ messages: null }, "messages: must be a list of messages; got null", "messages"],
    [{ messages: ["Hm"] }, 'messages[0] must have "role" and "content"; got string', "messages[0]"],
    [{ prompt: "a" }, "prompt: is not known here", "prompt"],
    [
      { messages: [{ role: "user", content: "a".repeat(80) }] },
      "messages: 87 tokens leave no room for an answer in a context of 64",
      "messages",
    ],
  ])("%j", async (own, message, param) => {
    const { chat } = await serve();
    const response = await chat(own);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { message: expect.stringContaining(message), type: "invalid_request_error", param },
    });
    expect(told).toEqual([]);
  });

  it("another model, another place, another method, and what is no JSON", async () => {
    const { at, chat, post } = await serve();
    const found = async (response: Promise<Response>) => {
      const { status } = await response;
      return [status, JSON.stringify(await (await response).json())];
    };
    expect(await found(chat({ model: "gpt" }))).toEqual([
      404,
      expect.stringContaining("model: there is letters here alone; got gpt"),
    ]);
    expect(await found(post("embeddings", {}))).toEqual([
      404,
      expect.stringContaining("unknown_url"),
    ]);
    expect(await found(fetch(at("completions")))).toEqual([405, expect.stringContaining("POST")]);
    expect(await found(post("completions", "{"))).toEqual([
      400,
      expect.stringContaining("no JSON"),
    ]);
    expect(await found(post("completions", "[]"))).toEqual([
      400,
      expect.stringContaining("object"),
    ]);
    const text = { headers: { "Content-Type": "text/plain" } };
    expect(await found(chat({}, text))).toEqual([415, expect.stringContaining("text/plain")]);
    expect(await found(post("completions", " ".repeat(8_000_001)))).toEqual([
      413,
      expect.stringContaining("body_too_large"),
    ]);
  });

  it("who has not the key", async () => {
    const { at, chat } = await serve({ apiKey: "secret" });
    expect((await chat()).status).toBe(401);
    const show = (key: string) =>
      fetch(at("models"), { headers: { Authorization: `Bearer ${key}` } });
    expect((await show("secrets")).status).toBe(401);
    expect((await show("secret")).status).toBe(200);
  });

  it("others without a key, an empty key, a port that is taken, and no address", async () => {
    await expect(serve({ host: "0.0.0.0" })).rejects.toThrow(
      "--host: who reaches 0.0.0.0 needs a key",
    );
    await expect(serve({ apiKey: "" })).rejects.toThrow("--api-key: must be a text");
    const { address } = await serve();
    const port = Number(new URL(address).port);
    const first = server;
    await expect(serve({ port })).rejects.toThrow("--port: another program listens there");
    server = first;
    await expect(serve({ host: "192.0.2.1", apiKey: "k" })).rejects.toThrow(
      "--host: is no address",
    );
  });

  it("a page that gave its own name to the address", async () => {
    const { at } = await serve();
    const status = await new Promise((resolve, reject) => {
      const asked = request(at("models"), { headers: { Host: "example.org" } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.once("error", reject).end();
    });
    expect(status).toBe(403);
  });
});

describe("when there are many", () => {
  it("some wait, and further ones are sent away", async () => {
    const own = gate();
    const { complete } = await serve({ waiting: 1 }, own);
    own.close();
    const order: string[] = [];
    const ask = async (name: string) => {
      const { status } = await complete();
      order.push(`${name} ${status}`);
    };
    const first = ask("first");
    await expect.poll(() => own.pace.made === 0 && order.length === 0).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const second = ask("second");
    await new Promise((resolve) => setTimeout(resolve, 50));
    const third = await complete();
    expect(third.status).toBe(429);
    expect(third.headers.get("retry-after")).toBe("1");
    expect(await third.json()).toMatchObject({
      error: {
        message: "no turn is free, of 1 answers at a time and 1 that wait; try again later",
        type: "rate_limit_error",
        code: "rate_limit_exceeded",
      },
    });
    own.open();
    await Promise.all([first, second]);
    expect(order).toEqual(["first 200", "second 200"]);
  });

  it("who leaves makes room, whether he waits or is answered", async () => {
    const own = gate();
    const { complete } = await serve({ waiting: 1 }, own);
    own.close();
    const [answered, waiting] = [new AbortController(), new AbortController()];
    const first = complete({}, { signal: answered.signal });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const second = complete({}, { signal: waiting.signal });
    await new Promise((resolve) => setTimeout(resolve, 50));
    answered.abort();
    waiting.abort();
    await expect(first).rejects.toThrow();
    await expect(second).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 50));
    own.open();
    expect((await complete()).status).toBe(200);
    // Of the first answer one token, which was being made.
    expect(own.pace.made).toBe(1 + 24);
    expect(told).toEqual([]);
  });
});

describe("ends", () => {
  it("after the answers that are made", async () => {
    const own = gate();
    const { chat } = await serve({}, own);
    own.close();
    const asked = chat();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const waiting = chat();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const closed = server?.close(10_000);
    expect((await waiting).status).toBe(503);
    own.open();
    expect((await asked).status).toBe(200);
    await closed;
    await expect(chat()).rejects.toThrow();
  });

  it("and cuts those that take too long, which says so", async () => {
    const own = gate();
    const { chat } = await serve({}, own);
    const response = await chat({ stream: true });
    own.close();
    const closed = server?.close(50);
    setTimeout(() => own.open(), 200);
    const text = await response.text();
    await closed;
    expect(text).not.toContain("[DONE]");
    expect(text).toContain('"error":{"message":"the server is stopping"');
  });

  it("at once, if it is asked once more", async () => {
    const own = gate();
    const { chat } = await serve({}, own);
    const response = await chat({ stream: true });
    own.close();
    const closed = server?.close(60_000);
    void server?.close(60_000);
    setTimeout(() => own.open(), 100);
    expect(await response.text()).toContain("the server is stopping");
    await closed;
  });
});

it("keeps to itself what went wrong within", async () => {
  const own = gate();
  own.pace.wait = () => Promise.reject(new Error("the weights are in /home"));
  const { chat } = await serve({}, own);
  const response = await chat();
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain("/home");
  expect(told).toHaveLength(1);
});
