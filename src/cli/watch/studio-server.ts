/**
 * @file The server of the studio: static files, with the headers under which a browser gives WebAssembly threads. It sees nothing of what is trained:
 * that stays in the browser.
 *
 *   /        the page and its programs, as `npm run build:studio` made them
 *   /ort/    onnxruntime-web, as it was installed
 */

import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../../errors.ts";
import { isAbsent } from "../../host/file-error.ts";
import { type LocalServer, serveLocally } from "./local-server.ts";

export interface StudioOptions {
  /** Any that is free if it is 0. */
  readonly port: number;
  /** Where the page was built. */
  readonly built?: URL;
}

const BUILT = new URL("../../../dist-studio/", import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
};

const HEADERS = {
  // Together they isolate the page, which threads need (WHATWG HTML, 7.1.3 and 7.1.4).
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Opener-Policy": "same-origin",
  // The Hub alone is elsewhere; uPlot sets styles of its own elements; threads begin from a blob.
  "Content-Security-Policy":
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; img-src data:; style-src 'self' 'unsafe-inline'; " +
    "connect-src 'self' https://huggingface.co https://*.huggingface.co https://*.hf.co; frame-ancestors 'none'",
};

/** @throws {UsageError} if the port is taken, the page is not built, or onnxruntime-web is not installed. */
export async function serveStudio({ port, built = BUILT }: StudioOptions): Promise<LocalServer> {
  const runtime = runtimeFolder();
  await readFile(new URL("index.html", built)).catch((cause: unknown) => {
    if (!isAbsent(cause)) throw cause;
    throw new UsageError("studio: the page is not built", {
      cause,
      hint: "npm run build:studio builds it",
    });
  });
  return serveLocally({
    port,
    command: "studio",
    headers: HEADERS,
    needsToken: (path) => path === "/",
    async answer(path, response) {
      const file = fileOf(path, { built, runtime });
      const type = file && TYPES[extname(file.pathname)];
      if (!file || type === undefined) return false;
      const content = await readFile(fileURLToPath(file)).catch((error: unknown) => {
        if (isAbsent(error)) return undefined;
        throw error;
      });
      if (!content) return false;
      response.setHeader("Content-Type", type);
      response.end(content);
      return true;
    },
  });
}

interface Folders {
  readonly built: URL;
  readonly runtime: URL;
}

/** Names without folders alone lead to files. */
function fileOf(path: string, { built, runtime }: Folders): URL | undefined {
  if (path === "/") return new URL("index.html", built);
  const [, folder, name = ""] = /^\/(assets|ort)\/([\w-][\w.-]*)$/.exec(path) ?? [];
  if (folder === undefined) return undefined;
  return folder === "ort" ? new URL(name, runtime) : new URL(`assets/${name}`, built);
}

function runtimeFolder(): URL {
  try {
    return new URL(".", import.meta.resolve("onnxruntime-web"));
  } catch (cause) {
    throw new UsageError("studio: WebAssembly needs the package onnxruntime-web", {
      cause,
      hint: "npm install onnxruntime-web@1.30.0",
    });
  }
}
