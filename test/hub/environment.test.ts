import { mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { hubSettings } from "../../src/hub/environment.ts";
import { failure, temporaryDirectory } from "../weights/support.ts";
import { nodeHost } from "../../src/host/node.ts";

const withEnvironment = (environment: Readonly<Record<string, string | undefined>>) => ({
  ...nodeHost(),
  environment: (name: string) => environment[name],
});

// What huggingface_hub 2.4 makes of the same variables (huggingface_hub.constants).
describe("the cache", () => {
  it.each([
    [{}, join(homedir(), ".cache", "huggingface", "hub")],
    [{ XDG_CACHE_HOME: "/x" }, "/x/huggingface/hub"],
    [{ HF_HOME: "/h", XDG_CACHE_HOME: "/x" }, "/h/hub"],
    [{ HF_HOME: "~/h" }, join(homedir(), "h", "hub")],
    [{ HF_HOME: "$BIG/h", BIG: "/big" }, "/big/h/hub"],
    [{ HF_HOME: "${BIG}/$NOTHING", BIG: "/big" }, "/big/$NOTHING/hub"],
    [{ HUGGINGFACE_HUB_CACHE: "/c", HF_HOME: "/h" }, "/c"],
    [{ HF_HUB_CACHE: "/d", HUGGINGFACE_HUB_CACHE: "/c", HF_HOME: "/h" }, "/d"],
    [{ HF_HUB_CACHE: "" }, join(homedir(), ".cache", "huggingface", "hub")],
  ])("of %j", async (environment, cacheDir) => {
    const settings = await hubSettings(withEnvironment(environment), {
      tokenPath: "/nowhere/token",
    });
    expect(settings.cacheDir).toBe(cacheDir);
  });

  it("that is given goes before that of the environment", async () => {
    const settings = await hubSettings(withEnvironment({ HF_HUB_CACHE: "/d" }), {
      cacheDir: "/given",
    });
    expect(settings.cacheDir).toBe("/given");
  });
});

it.each([
  [{}, "https://huggingface.co"],
  [{ HF_ENDPOINT: "https://mirror.example/" }, "https://mirror.example"],
])("the endpoint of %j", async (environment, endpoint) => {
  const settings = await hubSettings(withEnvironment(environment), { tokenPath: "/nowhere/token" });
  expect(settings.endpoint).toBe(endpoint);
});

it.each([
  [{}, false],
  [{ HF_HUB_OFFLINE: "1" }, true],
  [{ HF_HUB_OFFLINE: "TRUE" }, true],
  [{ HF_HUB_OFFLINE: "0" }, false],
  [{ HF_HUB_OFFLINE: "", TRANSFORMERS_OFFLINE: "yes" }, true],
])("whether %j is offline", async (environment, offline) => {
  const settings = await hubSettings(withEnvironment(environment), { tokenPath: "/nowhere/token" });
  expect(settings.offline).toBe(offline);
});

describe("the token", () => {
  it("is that of the environment, else that of a file", async () => {
    const home = temporaryDirectory();
    writeFileSync(join(home, "token"), "hf_file\n");
    writeFileSync(join(home, "other"), "hf_other");
    const token = async (environment: Readonly<Record<string, string>>) =>
      (await hubSettings(withEnvironment(environment), {})).token;
    expect(await token({ HF_HOME: home, HF_TOKEN: " hf_environment " })).toBe("hf_environment");
    expect(await token({ HF_HOME: home })).toBe("hf_file");
    expect(await token({ HF_HOME: home, HF_TOKEN_PATH: join(home, "other") })).toBe("hf_other");
    expect(await token({ HF_HOME: join(home, "absent") })).toBeUndefined();
  });

  it("that is none, or cannot be read, is refused without being told", async () => {
    const home = temporaryDirectory();
    const error = await failure(
      hubSettings(withEnvironment({ HF_HOME: home, HF_TOKEN: "secret" }), {}),
    );
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).not.toContain("secret");
    mkdirSync(join(home, "token"));
    const unreadable = await failure(hubSettings(withEnvironment({ HF_HOME: home }), {}));
    expect(String(unreadable)).toMatch(/token: cannot read the token: this is a directory/);
  });
});
