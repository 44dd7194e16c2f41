/**
 * The studio with a model of the Hub, which a server on this machine stands for: the tab fetches it, trains it further, and says what went wrong where there is
 * no such model. `npm run build:studio` comes before; `CHROMIUM` names another browser.
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page, type Route } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { LocalServer } from "../../src/cli/watch/local-server.ts";
import { serveStudio } from "../../src/cli/watch/studio-server.ts";
import { llamaDirectory } from "../e2e/llama-directory.ts";
import { type HubServer, startHubServer } from "../hub/server.ts";

let folder = "";
let hub: HubServer;
let studio: LocalServer;
let browser: BrowserContext;
let page: Page;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "flora-hub-"));
  const model = join(folder, "model");
  await llamaDirectory(model);
  hub = await startHubServer();
  const names = readdirSync(model).filter((name) => /\.(json|safetensors)$/.test(name));
  const files = names.map((name) => [name, readFileSync(join(model, name))] as const);
  hub.commit("models/owner/tiny", Object.fromEntries(files));
  studio = await serveStudio({ port: 0 });
  browser = await chromium.launchPersistentContext(join(folder, "profile"), {
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
  await browser.route(/^https:\/\/huggingface\.co\//, passOn);
  page = await browser.newPage();
  await page.goto(studio.address);
});
afterAll(async () => {
  await browser?.close();
  await studio?.close();
  await hub?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What the Hub lets pages of others read. */
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "*",
  "access-control-expose-headers": "*",
};

/** The Hub, at its own address. What lies elsewhere is fetched there, as browsers do. */
async function passOn(route: Route): Promise<void> {
  const request = route.request();
  if (request.method() === "OPTIONS") return route.fulfill({ status: 204, headers: CORS });
  const { pathname, search } = new URL(request.url());
  const range = await request.headerValue("range");
  const answer = await fetch(hub.url + pathname + search, {
    method: request.method(),
    headers: range === null ? {} : { range },
  });
  const link = answer.headers.get("link")?.replaceAll(hub.url, "https://huggingface.co");
  await route.fulfill({
    status: answer.status,
    headers: {
      ...Object.fromEntries(answer.headers),
      ...CORS,
      ...(link !== undefined && { link }),
    },
    body: Buffer.from(await answer.arrayBuffer()),
  });
}

async function begin(name: string, model: string): Promise<void> {
  await page.locator("#data").setInputFiles("examples/chats.jsonl");
  await page.locator("#model").selectOption("hub");
  await page.locator("#hub").fill(model);
  await page.locator("#steps").fill("2");
  await page.locator("#name").fill(name);
  await page.getByRole("button", { name: "Train" }).click();
}

it("fetches the model, and trains it further", async () => {
  await begin("further", "owner/tiny");
  const state = page.locator(".title p");
  await state.filter({ hasText: /^finished/ }).waitFor({ timeout: 60_000 });
  expect(hub.requests.some(({ url }) => url.includes("model.safetensors"))).toBe(true);
});

it("says that there is no such model", async () => {
  await begin("none", "owner/none");
  const problem = page.locator("#problem");
  await problem.waitFor({ timeout: 60_000 });
  expect(await problem.textContent()).toMatch(/^owner\/none: no such .*\.$/);
});
