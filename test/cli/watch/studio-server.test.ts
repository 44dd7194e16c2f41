/** The server of the studio: what it serves, with which headers, and what it refuses. */

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { LocalServer } from "../../../src/cli/watch/local-server.ts";
import { serveStudio } from "../../../src/cli/watch/studio-server.ts";

let folder = "";
let server: LocalServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "flora-studio-"));
  await mkdir(join(folder, "built/assets"), { recursive: true });
  await writeFile(join(folder, "built/index.html"), "the page");
  await writeFile(join(folder, "built/assets/main-a_1.js"), "its program");
  await writeFile(join(folder, "secret.js"), "not its program");
  server = await serveStudio({ port: 0, built: pathToFileURL(join(folder, "built/")) });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

it.each([
  ["/assets/main-a_1.js", "text/javascript; charset=utf-8", "its program"],
  ["/ort/ort-wasm-simd-threaded.mjs", "text/javascript; charset=utf-8", undefined],
  ["/ort/ort-wasm-simd-threaded.wasm", "application/wasm", undefined],
])("serves %s", async (path, type, content) => {
  const response = await fetch(new URL(path, server.address));
  expect(response.status).toBe(200);
  expect(response.headers.get("Content-Type")).toBe(type);
  const text = await response.text();
  expect(text.length).toBeGreaterThan(0);
  if (content !== undefined) expect(text).toBe(content);
});

it("isolates the page, so that it may have threads", async () => {
  const { headers } = await fetch(server.address);
  expect(headers.get("Cross-Origin-Opener-Policy")).toBe("same-origin");
  expect(headers.get("Cross-Origin-Embedder-Policy")).toBe("require-corp");
  expect(headers.get("Content-Security-Policy")).toContain("default-src 'self'");
});

it.each([
  ["/", 403],
  ["/assets/none.js", 404],
  ["/assets/..%2f..%2fsecret.js", 404],
  ["/ort/../secret.js", 404],
  ["/ort/package.json", 404],
  ["/secret.js", 404],
])("answers %s with %i", async (path, status) => {
  expect((await fetch(new URL(path, server.address))).status).toBe(status);
});

it("says how the page is built where it is not", async () => {
  const nowhere = pathToFileURL(join(folder, "nowhere/"));
  await expect(serveStudio({ port: 0, built: nowhere })).rejects.toMatchObject({
    message: "studio: the page is not built",
    hint: "npm run build:studio builds it",
  });
});
