import { describe, expect, it } from "vitest";
import { Unreachable } from "../../src/hub/connection.ts";
import { memoryHost } from "../../src/host/in-memory.ts";
import type { HubSettings } from "../../src/hub/environment.ts";
import { notCached, outOfReach, someOf } from "../../src/hub/sentences.ts";

const settings: HubSettings = {
  cacheDir: "/cache",
  endpoint: "https://hub.example",
  token: undefined,
  tokenPath: "/token",
  offline: false,
};

describe("what to do without a network", () => {
  const say = (reason: string, environment: Readonly<Record<string, string>> = {}) => {
    const repository = { type: "model", name: "a/b", revision: "main" } as const;
    return outOfReach(memoryHost({ environment }), new Unreachable(reason), repository, settings);
  };

  it("is told with what failed and where was looked", () => {
    const { message, hint } = say("getaddrinfo ENOTFOUND hub.example");
    expect(message).toBe(
      "a/b: no such directory, and cannot be fetched from https://hub.example" +
        " (getaddrinfo ENOTFOUND hub.example), and is not complete in the cache, /cache",
    );
    expect(hint).toMatch(/^try again.*hf download a\/b --local-dir b, .*set HF_HOME$/);
  });

  it.each([
    ["x", { HTTPS_PROXY: "http://p" }, /\n {2}HTTPS_PROXY is set: .*NODE_USE_ENV_PROXY=1$/],
    ["self-signed certificate in certificate chain", {}, /\n {2}NODE_EXTRA_CA_CERTS=FILE/],
  ])("%s with %j says more", (reason, environment, hint) => {
    expect(say(reason, environment).hint).toMatch(hint);
  });

  it.each([
    ["x", { HTTPS_PROXY: "http://p", NODE_USE_ENV_PROXY: "1" }],
    ["x", { HTTPS_PROXY: "" }],
  ])("%s with %j does not", (reason, environment) => {
    expect(say(reason, environment).hint).not.toContain("\n");
  });

  it("names type and revision of a dataset", () => {
    const error = notCached({ type: "dataset", name: "a/b", revision: "v1" }, settings);
    expect(error.message).toBe(
      "a/b@v1: not in the cache, /cache, and HF_HUB_OFFLINE forbids to fetch it",
    );
    expect(error.hint).toContain("hf download a/b --repo-type dataset --revision v1 --local-dir b");
  });
});

it.each([
  [[], "no files"],
  [["a", "b"], "a, b"],
  [["a", "b", "c", "d"], "a, b, c, and 1 more"],
])("some of %j", (names, text) => {
  expect(someOf(names, 3)).toBe(text);
});
