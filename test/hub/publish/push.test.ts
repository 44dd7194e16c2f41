import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LOG_FILE } from "../../../src/runs/log-line.ts";
import { UsageError } from "../../../src/errors.ts";
import { pushModel, resolveModel } from "../../../src/hub/index.ts";
import { asFlag } from "../../../src/options/tables/spelling.ts";
import { linesOf } from "../../runs/support.ts";
import { startEvent, stepEvent } from "../../cli/events.ts";
import { failure, temporaryDirectory } from "../../weights/support.ts";
import { type Files, type HubServer, READ_TOKEN, WRITE_TOKEN } from "../server.ts";
import { testHub, weights } from "../support.ts";

/** What a run leaves. */
const RUN: Files = {
  "config.json": '{"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}\n',
  "generation_config.json": "{}\n",
  "tokenizer.json": '{"ä": 1}\n',
  "model.safetensors": weights(200_000),
  [LOG_FILE]: linesOf([startEvent({ method: "dense" }), stepEvent({ step: 400 })]),
};

function directoryOf(files: Files): string {
  const directory = temporaryDirectory();
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(directory, name), content);
  }
  mkdirSync(join(directory, "checkpoint"));
  writeFileSync(join(directory, "checkpoint", "state.safetensors"), weights(100));
  return directory;
}

async function setUp() {
  const test = await testHub();
  return { ...test, options: { ...test.options, token: WRITE_TOKEN } };
}

/** The files at a branch of the only repository there is. */
function served(hub: HubServer, branch = "main"): ReadonlyMap<string, Uint8Array> {
  const [repository] = hub.repositories.values();
  return repository?.commits.get(repository.branches.get(branch) ?? "") ?? new Map();
}

const without = (files: Files, ...names: readonly string[]): Files =>
  Object.fromEntries(Object.entries(files).filter(([name]) => !names.includes(name)));

describe("a finished model", () => {
  it("is uploaded to a new repository with a card, and comes back as it was", async () => {
    const { hub, options, cacheDir, events } = await setUp();
    const directory = directoryOf(RUN);
    const pushed = await pushModel(directory, "some/model", { ...options, license: "mit" });
    const names = ["config.json", "generation_config.json", "tokenizer.json", "model.safetensors"];
    expect(pushed.url).toBe(`${hub.url}/some/model`);
    expect(pushed.files.toSorted()).toEqual([...names, "README.md"].toSorted());
    expect([...served(hub).keys()].toSorted()).toEqual(
      [...names, "README.md", ".gitattributes"].toSorted(),
    );
    const card = Buffer.from(served(hub).get("README.md") ?? "").toString();
    expect(card).toMatch(/^---\nlibrary_name: transformers\n/);
    expect(card).toMatch(/\nlicense: mit\n/);
    expect(card).toMatch(/\| method \| dense \|/);
    expect(events).toContainEqual({
      type: "transfer",
      file: "model.safetensors",
      bytes: 200_000,
      totalBytes: 200_000,
    });

    const fetched = await resolveModel("some/model", options);
    expect(fetched).toBe(join(cacheDir, "models--some--model", "snapshots", pushed.commit));
    for (const name of names) {
      expect(readFileSync(join(fetched, name)).equals(Buffer.from(RUN[name] ?? ""))).toBe(true);
    }
    const puts = hub.requests.filter(({ method }) => method === "PUT");
    expect(puts.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  it("is pushed again as one more commit, without weights that are there already", async () => {
    const { hub, options, events } = await setUp();
    const directory = directoryOf(RUN);
    await pushModel(directory, "some/model", options);
    writeFileSync(join(directory, "config.json"), '{"n_layer": 1}\n');
    hub.requests.length = 0;
    const again = await pushModel(directory, "some/model", { ...options, message: "again" });
    expect(hub.requests.some(({ method }) => method === "PUT")).toBe(false);
    expect(hub.requests.some(({ url }) => url === "/api/repos/create")).toBe(false);
    expect(Buffer.from(served(hub).get("config.json") ?? "").toString()).toBe('{"n_layer": 1}\n');
    // Somebody may have written to the card on the Hub.
    expect(again.files).not.toContain("README.md");
    expect(events).toContainEqual({
      type: "notice",
      message: "some/model has a README.md, which stays as it is",
    });
  });

  it("keeps the card that it has", async () => {
    const { hub, options } = await setUp();
    await pushModel(directoryOf({ ...RUN, "README.md": "# mine\n" }), "some/model", options);
    expect(Buffer.from(served(hub).get("README.md") ?? "").toString()).toBe("# mine\n");
  });

  it("may go to a branch, and to a private repository", async () => {
    const { hub, options } = await setUp();
    const pushed = await pushModel(directoryOf(RUN), "some/model", {
      ...options,
      isPrivate: true,
      revision: "v2",
    });
    expect(pushed.url).toBe(`${hub.url}/some/model/tree/v2`);
    expect([...served(hub).keys()]).toEqual([".gitattributes"]);
    expect(served(hub, "v2").has("model.safetensors")).toBe(true);
    expect(hub.repositories.get("models/some/model")?.isPrivate).toBe(true);
  });

  it("in shards needs all of them", async () => {
    const { hub, options } = await setUp();
    const index = JSON.stringify({ weight_map: { a: "one.safetensors", b: "two.safetensors" } });
    const files = {
      ...without(RUN, "model.safetensors"),
      "model.safetensors.index.json": index,
      "one.safetensors": weights(10),
    };
    const error = await failure(pushModel(directoryOf(files), "some/model", options));
    expect(String(error)).toMatch(/not a finished model, for it has no two\.safetensors/);
    const whole = { ...files, "two.safetensors": weights(20), "three.safetensors": weights(30) };
    const { files: pushed } = await pushModel(directoryOf(whole), "some/model", options);
    expect(pushed).toEqual(expect.arrayContaining(["one.safetensors", "two.safetensors"]));
    expect(pushed).not.toContain("three.safetensors");
    expect(served(hub).has("model.safetensors.index.json")).toBe(true);
  });
});

describe("an adapter", () => {
  const adapterOf = (base: unknown): string =>
    directoryOf({
      "adapter_config.json": JSON.stringify({ r: 8, base_model_name_or_path: base }),
      "adapter_model.safetensors": weights(100),
      "tokenizer.json": "{}",
    });
  const inCache = `/cache/models--some--base/snapshots/${"a".repeat(40)}`;

  it.each([
    ["some/base", undefined, "some/base"],
    [inCache, undefined, "some/base"],
    ["/home/someone/gpt2", "some/base", "some/base"],
    [null, "some/base", "some/base"],
  ])("of %s, named %s, names %s", async (base, baseModel, expected) => {
    const { hub, options } = await setUp();
    await pushModel(adapterOf(base), "some/adapter", { ...options, baseModel });
    const config: unknown = JSON.parse(
      Buffer.from(served(hub).get("adapter_config.json") ?? "").toString(),
    );
    expect(config).toEqual({ r: 8, base_model_name_or_path: expected });
    const card = Buffer.from(served(hub).get("README.md") ?? "").toString();
    expect(card).toMatch(/library_name: peft\n/);
    expect(card).toMatch(/base_model: some\/base\n/);
  });

  it.each(["/home/someone/gpt2", "gpt2", "src/hub", null])(
    "of %s, which others do not have, is refused",
    async (base) => {
      const { hub, options } = await setUp();
      const error = await failure(pushModel(adapterOf(base), "some/adapter", options));
      expect(String(error)).toMatch(/names no base model that others have/);
      expect(error).toMatchObject({ hint: 'give its name on the Hub: baseModel: "owner/name"' });
      const { hint } = error instanceof UsageError ? error.spelled(asFlag) : {};
      expect(hint).toBe("give its name on the Hub: --base-model owner/name");
      expect(hub.requests).toEqual([]);
    },
  );
});

describe("is refused:", () => {
  it.each([
    [without(RUN, "config.json"), "some/model", /no config\.json/, /a run with resume/],
    [without(RUN, "model.safetensors"), "some/model", /no model\.safetensors/, /a run with resume/],
    [RUN, "model", /repo: must be a name on the Hub, owner\/name; got model/, /^/],
    [RUN, "some/model@main", /repo: must be a name on the Hub/, /^/],
  ])("%#", async (files, name, message, hint) => {
    const { hub, options } = await setUp();
    const error = await failure(pushModel(directoryOf(files), name, options));
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toMatch(message);
    expect((error instanceof UsageError && error.hint) || "").toMatch(hint);
    expect(hub.requests).toEqual([]);
  });

  it("a directory that is not there", async () => {
    const { options } = await setUp();
    const error = await failure(pushModel("/no/such/directory", "some/model", options));
    expect(String(error)).toMatch(/cannot read the model: no such file or directory/);
  });

  it.each([
    [undefined, {}, /push: needs a token; HF_TOKEN is not set, and there is no .*token$/],
    [WRITE_TOKEN, { offline: true }, /push: needs the Hub, and HF_HUB_OFFLINE is set/],
    [READ_TOKEN, {}, /some\/model: the token may not write there; it says: You don't have/],
    ["hf_old", {}, /some\/model: the Hub does not accept the token/],
  ])("the token %s with %j", async (token, more, message) => {
    const { options } = await testHub();
    const given = { ...options, ...more, ...(token !== undefined && { token }) };
    const error = await failure(pushModel(directoryOf(RUN), "some/model", given));
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toMatch(message);
  });

  it("a public repository that was to be private", async () => {
    const { hub, options } = await setUp();
    hub.commit("models/some/model", { ".gitattributes": "" });
    const error = await failure(
      pushModel(directoryOf(RUN), "some/model", { ...options, isPrivate: true }),
    );
    expect(String(error)).toMatch(/some\/model: is public/);
    expect([...served(hub).keys()]).toEqual([".gitattributes"]);
  });

  it("by a Hub that is not there", async () => {
    const { hub, options } = await setUp();
    await hub.close();
    const error = await failure(pushModel(directoryOf(RUN), "some/model", options));
    expect(String(error)).toMatch(/some\/model: cannot be uploaded to http.*; .*ECONNREFUSED/);
  });
});
