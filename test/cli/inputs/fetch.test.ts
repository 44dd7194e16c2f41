import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { fetchInputs, fetchSettings } from "../../../src/cli/inputs/fetch-run.ts";
import { fetchModels } from "../../../src/cli/inputs/fetch.ts";
import { UsageError } from "../../../src/errors.ts";
import { parseConfig } from "../../../src/options/config.ts";
import { MODEL, testHub } from "../../hub/support.ts";
import { failure, temporaryDirectory } from "../../weights/support.ts";

beforeEach(() => {
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
});

/** A Hub that the environment names. */
async function setUp() {
  const { hub, cacheDir } = await testHub();
  vi.stubEnv("HF_ENDPOINT", hub.url);
  vi.stubEnv("HF_HUB_CACHE", cacheDir);
  vi.stubEnv("HF_TOKEN_PATH", join(cacheDir, "token"));
  const snapshot = (folder: string, commit: string) => join(cacheDir, folder, "snapshots", commit);
  return { hub, snapshot };
}

describe("the inputs of a run", () => {
  it("are paths where they were names on the Hub", async () => {
    const { hub, snapshot } = await setUp();
    const model = snapshot("models--some--model", hub.commit("models/some/model", MODEL));
    const commit = hub.commit("datasets/some/data", {
      "train.txt": "a",
      "dev.txt": "b",
      "c.txt": "c",
    });
    const data = snapshot("datasets--some--data", commit);
    expect(await fetchInputs({ model: "some/model", rank: 4 }, "some/data")).toEqual({
      model,
      rank: 4,
      train: [join(data, "train.txt")],
      validation: [join(data, "dev.txt")],
    });
    expect(await fetchInputs({ teacher: "some/model" })).toEqual({ teacher: model });
    expect(await fetchInputs({ train: "c.txt" }, "some/data")).toEqual({
      train: [join(data, "c.txt")],
    });
    expect(await fetchInputs({ train: ["dev.txt", "c.txt"] }, "some/data")).toEqual({
      train: [join(data, "dev.txt"), join(data, "c.txt")],
    });
  });

  it("stay as they are where they are none", async () => {
    const { hub } = await setUp();
    const directory = temporaryDirectory();
    const options = { model: directory, teacher: "runs/a/teacher.safetensors", train: "a/b.txt" };
    expect(await fetchInputs(options)).toEqual(options);
    expect(await fetchInputs({ model: { n_layer: 1 } })).toEqual({ model: { n_layer: 1 } });
    expect(hub.requests).toEqual([]);
  });

  it("are checked before anything is fetched", async () => {
    const { hub } = await setUp();
    hub.commit("models/some/model", MODEL);
    const error = await failure(fetchInputs({ model: "some/model", rank: 0 }, "some/data"));
    expect(String(error)).toMatch(/rank: must be a whole number above 0/);
    expect(hub.requests).toEqual([]);
  });

  it.each([
    [{ model: "gpt2" }, /model: neither a directory that exists nor a name on the Hub; got gpt2/],
    [{ teacher: "gpt2" }, /teacher: neither a directory that exists/],
    [{ model: "./no/model" }, /neither a directory that exists/],
    [{ model: "no/model" }, /no\/model: no such directory, and no such model/],
  ])("%j are refused", async (options, message) => {
    await setUp();
    const error = await failure(fetchInputs(options));
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toMatch(message);
  });
});

it("a prediction fetches settings, and leaves weights where they are", async () => {
  const { hub, snapshot } = await setUp();
  const directory = snapshot("models--some--model", hub.commit("models/some/model", MODEL));
  const { model } = await fetchSettings(parseConfig({ train: "a.txt", model: "some/model" }));
  expect(model).toBe(directory);
  expect(existsSync(join(directory, "config.json"))).toBe(true);
  expect(existsSync(join(directory, "model.safetensors"))).toBe(false);
  expect(existsSync(join(directory, "..", "..", "refs"))).toBe(false);
});

it("a directory goes before a repository of the same name", async () => {
  const { hub, snapshot } = await setUp();
  const model = snapshot("models--some--model", hub.commit("models/some/model", MODEL));
  const before = process.cwd();
  process.chdir(temporaryDirectory());
  onTestFinished(() => process.chdir(before));
  expect(await fetchModels({ directory: "some/model" })).toEqual({ directory: model });
  mkdirSync(join("some", "model"), { recursive: true });
  hub.requests.length = 0;
  expect(await fetchModels({ directory: "some/model" })).toEqual({ directory: "some/model" });
  expect(hub.requests).toEqual([]);
});
