/** @file A page of Chromium that finds this repository's files and packages by their names, with WebGPU on SwiftShader. `CHROMIUM` names another browser. */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { chromium, type Page } from "playwright-core";

/** https://github.com/google/swiftshader through Dawn: what a machine without a GPU has. */
export const SWIFTSHADER: readonly string[] = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--ignore-gpu-blocklist",
];

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** Bare names as the page resolves them. */
const IMPORTS: Readonly<Record<string, string>> = {
  "flora-train": "/dist/entries/browser.js",
  "flora-train/host": "/dist/host/index.js",
  "@huggingface/tokenizers": "/node_modules/@huggingface/tokenizers/dist/tokenizers.mjs",
  "onnxruntime-web": "/node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs",
  "onnxruntime-web/webgpu": "/node_modules/onnxruntime-web/dist/ort.webgpu.bundle.min.mjs",
  zod: "/node_modules/zod/index.js",
};

const pageOf = (module: string): string => `<!doctype html>
<meta charset="utf-8"><link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>
<script type="module">globalThis.module = await import(${JSON.stringify(module)});</script>`;

/** The functions of a module in a page. */
export interface ServedPage {
  readonly page: Page;
  /** Calls a function of the module with what JSON can say; returns what it answers. */
  call<T>(name: string, ...args: readonly unknown[]): Promise<T>;
  close(): Promise<void>;
}

/**
 * Opens a page with a module.
 *
 * @param module - its path in the repository, from "/"
 */
export async function openPage(module: string): Promise<ServedPage> {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://localhost").pathname);
    const isPage = path === "/";
    response.writeHead(200, { "Content-Type": isPage ? "text/html" : TYPES[extname(path)] });
    response.end(isPage ? pageOf(module) : readFileSync(join(process.cwd(), path)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const browser = await chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage", ...SWIFTSHADER],
  });
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${address.port}/`);
  await page.waitForFunction("globalThis.module !== undefined");
  return {
    page,
    call: (name, ...args) => page.evaluate(`globalThis.module.${name}(...${JSON.stringify(args)})`),
    async close() {
      await browser.close();
      server.close();
      server.closeAllConnections();
    },
  };
}
