import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FormatError, UsageError } from "../../../src/errors.ts";
import { resolveModel, resolveModels } from "../../../src/hub/index.ts";
import { failure, temporaryDirectory } from "../../weights/support.ts";
import { gitHash, sha256 } from "../http.ts";
import { ACCEPTED_TOKEN, READ_TOKEN } from "../server.ts";
import { MODEL, testHub, WANTED, weights } from "../support.ts";

const filesIn = (directory: string): readonly string[] => readdirSync(directory).toSorted();

describe("a model of the Hub", () => {
  it("is fetched into the cache: what it needs, under its hashes, and nothing else", async () => {
    const { hub, options, cacheDir, events } = await testHub();
    const commit = hub.commit("models/some/model", MODEL);
    const directory = await resolveModel("some/model", options);

    const folder = join(cacheDir, "models--some--model");
    expect(directory).toBe(join(folder, "snapshots", commit));
    expect(filesIn(directory)).toEqual(WANTED);
    for (const name of WANTED) {
      const content = Buffer.from(MODEL[name] ?? "");
      expect(readFileSync(join(directory, name)).equals(content)).toBe(true);
      const hash = name === "model.safetensors" ? sha256(content) : gitHash(content);
      expect(realpathSync(join(directory, name))).toBe(realpathSync(join(folder, "blobs", hash)));
    }
    expect(filesIn(join(folder, "blobs"))).toHaveLength(WANTED.length);
    expect(readFileSync(join(folder, "refs", "main"), "utf8")).toBe(commit);
    expect(events.at(-1)).toEqual({
      type: "transfer",
      file: "model.safetensors",
      bytes: 300_000,
      totalBytes: 300_000,
    });
  });

  it("is asked for once: then one request tells that nothing has changed", async () => {
    const { hub, options } = await testHub();
    hub.commit("models/some/model", MODEL);
    const directory = await resolveModel("some/model", options);
    hub.requests.length = 0;
    const { ino } = lstatSync(join(directory, "config.json"));
    expect(await resolveModel("some/model", options)).toBe(directory);
    expect(lstatSync(join(directory, "config.json")).ino).toBe(ino);
    expect(hub.requests.map(({ url }) => url.split("?")[0])).toEqual([
      "/api/models/some/model/revision/main",
    ]);
  });

  it("shares with its next commit the files that stayed as they are", async () => {
    const { hub, options } = await testHub();
    hub.commit("models/some/model", MODEL);
    const old = await resolveModel("some/model", options);
    hub.commit("models/some/model", { ...MODEL, "config.json": '{"a": 1}' });
    hub.requests.length = 0;
    const directory = await resolveModel("some/model", options);
    expect(directory).not.toBe(old);
    expect(readFileSync(join(directory, "config.json"), "utf8")).toBe('{"a": 1}');
    const files = hub.requests.filter(({ url }) => url.includes("/resolve/"));
    expect(files.map(({ url }) => url.split("/").at(-1))).toEqual(["config.json"]);
  });

  it("may be at a pull request, or at a commit, which needs no second look", async () => {
    const { hub, options, cacheDir } = await testHub();
    hub.commit("models/some/model", { "config.json": "{}", "pytorch_model.bin": "" });
    const commit = hub.commit("models/some/model", MODEL, { branch: "refs/pr/7" });
    const directory = await resolveModel("some/model@refs/pr/7", options);
    expect(directory.endsWith(commit)).toBe(true);
    const ref = join(cacheDir, "models--some--model", "refs", "refs", "pr", "7");
    expect(readFileSync(ref, "utf8")).toBe(commit);
    hub.requests.length = 0;
    expect(await resolveModel(`some/model@${commit}`, options)).toBe(directory);
    expect(hub.requests).toEqual([]);
  });

  it("in shards has those that its index names", async () => {
    const { hub, options } = await testHub();
    const index = { weight_map: { a: "model-1-of-2.safetensors", b: "model-2-of-2.safetensors" } };
    hub.commit("models/some/model", {
      "config.json": "{}",
      "model.safetensors.index.json": JSON.stringify(index),
      "model-1-of-2.safetensors": weights(10),
      "model-2-of-2.safetensors": weights(20),
      "consolidated.safetensors": weights(30),
    });
    const directory = await resolveModel("some/model", options);
    expect(filesIn(directory)).toEqual([
      "config.json",
      "model-1-of-2.safetensors",
      "model-2-of-2.safetensors",
      "model.safetensors.index.json",
    ]);
    // As another program leaves it, without a listing.
    rmSync(join(directory, "..", "..", "trees"), { recursive: true });
    expect(await resolveModel("some/model", { ...options, offline: true })).toBe(directory);
    rmSync(join(directory, "model-2-of-2.safetensors"));
    const error = await failure(resolveModel("some/model", { ...options, offline: true }));
    expect(String(error)).toMatch(/some\/model: no such directory, and not in the cache/);
  });

  it("in GGUF is one file: the only one, or that of a name, or of a part of it", async () => {
    const { hub, options } = await testHub();
    hub.commit("models/some/one", { "README.md": "x", "a.gguf": "GGUF", "mmproj-a.gguf": "x" });
    const one = await resolveModel("some/one", options);
    expect(readFileSync(one, "utf8")).toBe("GGUF");
    expect(filesIn(join(one, ".."))).toEqual(["a.gguf"]);
    expect(await resolveModel("some/one", { ...options, offline: true })).toBe(one);

    const files = { "a-Q8_0.gguf": "8", "a-f16.gguf": "16", "model.safetensors": weights(10) };
    hub.commit("models/some/several", { ...files, "config.json": "{}" });
    const named = await resolveModel("some/several:a-f16.gguf", options);
    expect(readFileSync(named, "utf8")).toBe("16");
    const part = await resolveModel("some/several@main:q8_0", options);
    expect(readFileSync(part, "utf8")).toBe("8");
    expect(filesIn(await resolveModel("some/several", options))).toContain("model.safetensors");
    expect(await failure(resolveModel("some/several:q4_0", options))).toMatchObject({
      message: expect.stringContaining("no GGUF file is called q4_0; got a-Q8_0.gguf, a-f16.gguf"),
    });
  });

  it("that is there whole and in shards is fetched whole", async () => {
    const { hub, options } = await testHub();
    hub.commit("models/some/model", {
      "config.json": "{}",
      "model.safetensors": weights(10),
      "model.safetensors.index.json": '{"weight_map": {"a": "model-1-of-1.safetensors"}}',
      "model-1-of-1.safetensors": weights(10),
    });
    const directory = await resolveModel("some/model", options);
    expect(filesIn(directory)).toEqual(["config.json", "model.safetensors"]);
  });

  it("may be an adapter, whose base is fetched with it", async () => {
    const { hub, options, cacheDir } = await testHub();
    const base = hub.commit("models/some/model", MODEL);
    const adapter = hub.commit("models/some/adapter", {
      "adapter_config.json": '{"base_model_name_or_path": "some/model"}',
      "adapter_model.safetensors": weights(10),
    });
    expect(await resolveModels({ adapter: "some/adapter" }, options)).toEqual({
      adapter: join(cacheDir, "models--some--adapter", "snapshots", adapter),
      directory: join(cacheDir, "models--some--model", "snapshots", base),
    });
    const here = temporaryDirectory();
    expect(await resolveModels({ adapter: "some/adapter", directory: here }, options)).toEqual({
      adapter: join(cacheDir, "models--some--adapter", "snapshots", adapter),
      directory: here,
    });
  });
});

describe("a name", () => {
  it("that is a path is that path, and nothing is asked", async () => {
    const { hub, options } = await testHub();
    const directory = temporaryDirectory();
    expect(await resolveModel(directory, options)).toBe(directory);
    expect(hub.requests).toEqual([]);
  });

  it.each(["gpt2", "./some/model", "/some/model", "some/model/", "a/b/c", "some/..", "a--b/c", ""])(
    "that is neither is refused: %j",
    async (name) => {
      const { hub, options } = await testHub();
      const error = await failure(resolveModel(name, options));
      expect(error).toBeInstanceOf(UsageError);
      expect(String(error)).toContain("neither a directory that exists nor a name on the Hub");
      expect(hub.requests).toEqual([]);
    },
  );
});

describe("a repository without what is needed is refused before anything is fetched:", () => {
  it.each([
    [
      { "config.json": "{}", "pytorch_model.bin": "x" },
      /pytorch_model\.bin, a pickle/,
      /@refs\/pr\/N/,
    ],
    [
      { "config.json": "{}", "pytorch_model-00001-of-00002.bin": "x" },
      /pytorch_model-00001-of-00002\.bin, a pickle/,
      /save_pretrained/,
    ],
    [{ "config.json": "{}", "tf_model.h5": "x" }, /no weights in safetensors/, /tf_model\.h5/],
    [
      { "adapter_config.json": "{}", "adapter_model.bin": "x" },
      /adapter_model\.bin, a pickle/,
      /./,
    ],
    [
      { "a-Q8_0.gguf": "x", "a-F16.gguf": "x" },
      /several GGUF files; got a-Q8_0\.gguf, a-F16\.gguf/,
      /some\/model:a-Q8_0\.gguf/,
    ],
    [{ "a-00001-of-00002.gguf": "x" }, /is a part of a model/, /llama-gguf-split --merge/],
    [{}, /no config\.json/, /it has no files/],
  ])("%j", async (files, message, hint) => {
    const { hub, options, cacheDir } = await testHub();
    hub.commit("models/some/model", files);
    const error = await failure(resolveModel("some/model", options));
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toMatch(message);
    expect(error instanceof UsageError && error.hint).toMatch(hint);
    expect(hub.requests.filter(({ url }) => url.includes("/resolve/"))).toEqual([]);
    expect(existsSync(join(cacheDir, "models--some--model", "blobs"))).toBe(false);
  });

  it("a file that would lie elsewhere", async () => {
    const { hub, options } = await testHub();
    hub.commit("models/some/model", { ...MODEL, "../../../escaped.txt": "x" });
    expect(await failure(resolveModel("some/model", options))).toBeInstanceOf(FormatError);
  });
});

describe("the Hub says no:", () => {
  it.each([
    [
      "no/model",
      undefined,
      /no\/model: no such directory, and no such model on the Hub, or a private/,
    ],
    ["no/model", READ_TOKEN, /no\/model: no such directory, and no such model on the Hub/],
    ["a/private", undefined, /a\/private: no such directory.* or a private one/],
    ["a/gated", undefined, /a\/gated: gated$/],
    ["a/gated", READ_TOKEN, /a\/gated: gated, and the account of the token may not read it/],
    ["a/gated", "hf_old", /a\/gated: the Hub does not accept the token/],
    ["a/gated@old", undefined, /a\/gated@old: there is no revision old/],
    ["a/gated", "secret", /HF_TOKEN: a token of the Hub begins with hf_; got another text/],
  ])("%s with the token %s", async (name, token, message) => {
    const { hub, options } = await testHub();
    hub.commit("models/a/private", MODEL, { isPrivate: true });
    hub.commit("models/a/gated", MODEL, { isGated: true });
    const error = await failure(resolveModel(name, { ...options, ...(token && { token }) }));
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toMatch(message);
    expect(String(error)).not.toMatch(/secret/);
  });

  it("and yes to whom it lets in; the token goes to the Hub alone", async () => {
    const { hub, options } = await testHub();
    hub.commit("models/a/gated", MODEL, { isGated: true, isPrivate: true });
    await resolveModel("a/gated", { ...options, token: ACCEPTED_TOKEN });
    const [elsewhere, here] = [true, false].map((isCdn) =>
      hub.requests.filter(({ url }) => url.startsWith("cdn:") === isCdn),
    );
    expect(elsewhere?.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    expect(new Set(here?.map(({ headers }) => headers.authorization))).toEqual(
      new Set([`Bearer ${ACCEPTED_TOKEN}`]),
    );
  });
});

describe("without a network", () => {
  it("the cache is used if the settings say so, without a request", async () => {
    const { hub, options } = await testHub();
    hub.commit("models/some/model", MODEL);
    const directory = await resolveModel("some/model", options);
    hub.requests.length = 0;
    expect(await resolveModel("some/model", { ...options, offline: true })).toBe(directory);
    expect(hub.requests).toEqual([]);
    const error = await failure(resolveModel("other/model", { ...options, offline: true }));
    expect(String(error)).toMatch(
      /other\/model: no such directory, and not in the cache.*HF_HUB_OFFLINE/,
    );
    expect(hub.requests).toEqual([]);
  });

  it("what other programs left of a model is not taken for all of it", async () => {
    const { hub, options } = await testHub();
    hub.commit("models/some/model", MODEL);
    const directory = await resolveModel("some/model", options);
    rmSync(join(directory, "..", "..", "trees"), { recursive: true });
    rmSync(join(directory, "model.safetensors"));
    const error = await failure(resolveModel("some/model", { ...options, offline: true }));
    expect(String(error)).toMatch(/some\/model: no such directory, and not in the cache/);
  });

  it.each([
    ["is not there", async ({ hub }: Awaited<ReturnType<typeof testHub>>) => hub.close()],
    [
      "is out of order",
      async ({ hub }: Awaited<ReturnType<typeof testHub>>) => {
        hub.faults.status = 503;
      },
    ],
  ])("when the Hub %s, a complete snapshot is used with a notice", async (_, fail) => {
    const test = await testHub();
    const { hub, options, events } = test;
    hub.commit("models/some/model", MODEL);
    const directory = await resolveModel("some/model", options);
    await fail(test);
    expect(await resolveModel("some/model", options)).toBe(directory);
    expect(events.at(-1)).toMatchObject({
      type: "notice",
      message: expect.stringMatching(
        /cannot be reached \(.+\); some\/model is taken from the cache/,
      ),
    });
    rmSync(join(directory, "model.safetensors"));
    const error = await failure(resolveModel("some/model", options));
    expect(String(error)).toMatch(
      /some\/model: no such directory, and cannot be fetched from http.* \(.+\), and is not complete/,
    );
    expect(error instanceof UsageError && error.hint).toMatch(
      /hf download some\/model --local-dir model/,
    );
  });
});

it("leaves files that others may read as the umask allows", async () => {
  const { hub, options } = await testHub();
  hub.commit("models/some/model", MODEL);
  const directory = await resolveModel("some/model", options);
  const { mode } = statSync(join(directory, "model.safetensors"));
  expect(mode & 0o777).toBe(0o666 & ~process.umask());
});
