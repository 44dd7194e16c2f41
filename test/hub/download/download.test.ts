import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { type ModelOptions, resolveModel } from "../../../src/hub/index.ts";
import { failure } from "../../weights/support.ts";
import { sha256 } from "../http.ts";
import { MODEL, testHub, WANTED } from "../support.ts";

const CONTENT = Buffer.from(MODEL["model.safetensors"] ?? "");
const HASH = sha256(CONTENT);

/** A model of which `model.safetensors` takes several answers. */
async function setUp() {
  const test = await testHub();
  test.hub.commit("models/some/model", MODEL);
  const blobs = join(test.cacheDir, "models--some--model", "blobs");
  return {
    ...test,
    fetch: (options: Partial<ModelOptions> = {}) =>
      resolveModel("some/model", { ...test.options, ...options }),
    /** A part of the file as an earlier process may have left it, with its age in seconds. */
    leave(name: string, content: Buffer, age = 0) {
      mkdirSync(blobs, { recursive: true });
      writeFileSync(join(blobs, name), content);
      const time = Date.now() / 1000 - age;
      utimesSync(join(blobs, name), time, time);
    },
    /** What of the cache is no blob, and no bad one. */
    parts: () => readdirSync(blobs).filter((name) => name.includes(".")),
    /** What was asked for of the file. */
    ranges: () =>
      test.hub.requests.flatMap(({ url, headers }) =>
        url.startsWith("cdn:") ? [headers.range ?? "all"] : [],
      ),
  };
}

const isWhole = (directory: string): boolean =>
  readFileSync(join(directory, "model.safetensors")).equals(CONTENT);

describe("a transfer that breaks off", () => {
  it("goes on where it was", async () => {
    const { hub, fetch, ranges, parts, events } = await setUp();
    hub.faults.cuts.push(100_000, 50_000, 0);
    expect(isWhole(await fetch())).toBe(true);
    expect(ranges()).toEqual(["all", "bytes=100000-", "bytes=150000-", "bytes=150000-"]);
    expect(parts()).toEqual([]);
    const bytes = events.flatMap((event) => (event.type === "transfer" ? [event.bytes] : []));
    expect(bytes).toContain(150_000);
  });

  it("is kept when the connection does not come back, and goes on the next time", async () => {
    const { hub, fetch, ranges, parts } = await setUp();
    hub.faults.cuts.push(100_000, 0, 0);
    const error = await failure(fetch());
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toMatch(/some\/model: .*cannot be fetched from .* \(.+\)/);
    expect(parts()).toEqual([`${HASH}.incomplete`]);
    hub.requests.length = 0;
    expect(isWhole(await fetch())).toBe(true);
    expect(ranges()).toEqual(["bytes=100000-"]);
    expect(parts()).toEqual([]);
  });

  it("is kept when it is aborted", async () => {
    const { hub, fetch, ranges, parts } = await setUp();
    const controller = new AbortController();
    const reason = new Error("enough");
    const aborted = fetch({
      signal: controller.signal,
      onEvent(event) {
        if (event.type === "transfer" && event.bytes > 100_000) controller.abort(reason);
      },
    });
    expect(await failure(aborted)).toBe(reason);
    expect(parts()).toEqual([`${HASH}.incomplete`]);
    hub.requests.length = 0;
    expect(isWhole(await fetch())).toBe(true);
    expect(ranges()).toEqual([expect.stringMatching(/^bytes=[1-9]\d{5}-$/)]);
  });

  it("is one from which nothing comes, too", async () => {
    const { hub, options, fetch, ranges } = await setUp();
    hub.faults.stalls.push(100_000);
    const patience = { silenceMs: 100, retryDelaysMs: [0] };
    expect(isWhole(await fetch({ patience }))).toBe(true);
    expect(ranges()).toEqual(["all", "bytes=100000-"]);
    hub.faults.stalls.push(0, 0);
    hub.commit("models/other/model", { ...MODEL, "model.safetensors": CONTENT.subarray(1) });
    const error = await failure(resolveModel("other/model", { ...options, patience }));
    expect(String(error)).toMatch(/\(nothing came for 0\.1 seconds\)/);
  });

  it("is none as long as something comes", async () => {
    const { hub, fetch, ranges } = await setUp();
    await fetch({ weights: false });
    hub.faults.pace = 300;
    expect(isWhole(await fetch({ patience: { silenceMs: 900, retryDelaysMs: [0] } }))).toBe(true);
    expect(ranges()).toEqual(["all"]);
  });

  it("begins anew where the server ignores the range", async () => {
    const { hub, fetch, ranges } = await setUp();
    hub.faults.ignoresRange = true;
    hub.faults.cuts.push(100_000);
    expect(isWhole(await fetch())).toBe(true);
    expect(ranges()).toEqual(["all", "bytes=100000-"]);
  });
});

describe("a part that was left", () => {
  it("by a process that was killed is taken after a minute", async () => {
    const { fetch, leave, ranges, parts } = await setUp();
    leave(`${HASH}.0badcafe.incomplete`, CONTENT.subarray(0, 5000), 61);
    expect(isWhole(await fetch())).toBe(true);
    expect(ranges()).toEqual(["bytes=5000-"]);
    expect(parts()).toEqual([]);
  });

  it("and that another process may be writing to is left to it", async () => {
    const { fetch, leave, ranges, parts } = await setUp();
    leave(`${HASH}.0badcafe.incomplete`, CONTENT.subarray(0, 5000), 5);
    expect(isWhole(await fetch())).toBe(true);
    expect(ranges()).toEqual(["all"]);
    expect(parts()).toEqual([`${HASH}.0badcafe.incomplete`]);
  });

  it.each([
    ["has other bytes", Buffer.alloc(5000, 7), ["bytes=5000-", "all"]],
    ["is longer than the file", Buffer.alloc(400_000, 7), ["all"]],
    ["is complete", CONTENT, []],
    ["is as long as the file, with other bytes", Buffer.alloc(CONTENT.length, 7), ["all"]],
  ])("and %s does no harm", async (_, content, asked) => {
    const { fetch, leave, ranges, parts } = await setUp();
    leave(`${HASH}.incomplete`, content);
    expect(isWhole(await fetch())).toBe(true);
    expect(ranges()).toEqual(asked);
    expect(parts()).toEqual([]);
  });
});

it.each([
  ["config.json", 1, 40],
  ["model.safetensors", CONTENT.length, 64],
])("a file that comes damaged is not kept, and said to be: %s", async (name, bytes, digits) => {
  const { hub, fetch, parts, cacheDir } = await setUp();
  hub.faults.damagesFrom = bytes;
  const error = await failure(fetch());
  expect(error).toBeInstanceOf(UsageError);
  const hash = `[0-9a-f]{${digits}}`;
  expect(String(error)).toMatch(
    new RegExp(`${name}: came damaged, and was discarded; its hash must be ${hash}, got ${hash}$`),
  );
  expect(parts()).toEqual([]);
  expect(readdirSync(join(cacheDir, "models--some--model", "blobs"))).not.toContain(HASH);
  delete hub.faults.damagesFrom;
  expect(isWhole(await fetch())).toBe(true);
});

it("several fetches at the same time do not disturb each other", async () => {
  const { hub, fetch, leave, parts, cacheDir } = await setUp();
  leave(`${HASH}.incomplete`, CONTENT.subarray(0, 5000));
  hub.faults.cuts.push(100_000, 20_000);
  const directories = await Promise.all([fetch(), fetch(), fetch()]);
  expect(new Set(directories).size).toBe(1);
  for (const directory of directories) expect(isWhole(directory)).toBe(true);
  expect(parts()).toEqual([]);
  const blobs = readdirSync(join(cacheDir, "models--some--model", "blobs"));
  expect(blobs).toHaveLength(WANTED.length);
});

it("files come as they are, not compressed on the way", async () => {
  const { hub, fetch } = await setUp();
  await fetch();
  const files = hub.requests.filter(({ url }) => url.includes("/resolve/"));
  expect(files).toHaveLength(WANTED.length);
  expect(new Set(files.map(({ headers }) => headers["accept-encoding"]))).toEqual(
    new Set(["identity"]),
  );
});
