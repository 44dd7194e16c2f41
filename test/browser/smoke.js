/**
 * @file Training in a browser: Chromium, headless, runs `train.js` on onnxruntime-web's WebAssembly; the losses must be those that
 * onnxruntime-node makes of the same program. `CHROMIUM` names another browser; `npm run build` comes before.
 */

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { cpuRuntime } from "flora-train/runtime/node";
import { train } from "./train.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** The largest difference between the kernels of the two packages, in nats. */
const TOLERANCE = 1e-5;
const LONGEST_MS = 120_000;

const TYPES = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};
const SERVED = ["dist", "node_modules", join("test", "browser")];

/** Bare names as the page resolves them: the entry points of this package, and what they need of others. */
async function importMap() {
  const { name, exports } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const own = Object.entries(exports).flatMap(([entry, { browser, default: path }]) => {
    const target = browser?.default ?? path;
    return target === undefined ? [] : [[name + entry.slice(1), target.slice(1)]];
  });
  return {
    imports: {
      ...Object.fromEntries(own),
      "onnxruntime-web": "/node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs",
      zod: "/node_modules/zod/index.js",
    },
  };
}

const page = async () => `<!doctype html>
<meta charset="utf-8" />
<link rel="icon" href="data:," />
<title>flora</title>
<script type="importmap">${JSON.stringify(await importMap())}</script>
<script type="module">
  const send = (result) => fetch("/result", { method: "POST", body: JSON.stringify(result) });
  import("/test/browser/page.js")
    .then(async ({ losses }) => send({ losses: await losses() }))
    .catch((error) => send({ error: error.stack ?? String(error) }));
</script>
`;

/** A server of this project; `onResult` hears what the page sends. */
function startServer(onResult) {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
    if (request.method === "POST") {
      const parts = [];
      for await (const part of request) parts.push(part);
      response.writeHead(204).end();
      onResult(JSON.parse(Buffer.concat(parts).toString()));
    } else if (path === sep) {
      response.writeHead(200, { "Content-Type": "text/html" }).end(await page());
    } else if (SERVED.some((folder) => path.startsWith(sep + folder + sep))) {
      const content = await readFile(join(ROOT, path)).catch(() => undefined);
      if (content === undefined)
        onResult({ error: `the page asks for ${path}, which is not there` });
      response.writeHead(content ? 200 : 404, {
        "Content-Type": TYPES[extname(path)] ?? "text/plain",
      });
      response.end(content);
    } else response.writeHead(404).end();
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

/** Opens a page, and closes it when `work` is done. */
async function withPage(url, work) {
  const profile = await mkdtemp(join(tmpdir(), "flora-chromium-"));
  const browser = spawn(
    process.env.CHROMIUM ?? "chromium",
    [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--user-data-dir=${profile}`,
      url,
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  browser.stderr.setEncoding("utf8").on("data", (text) => (said = (said + text).slice(-4000)));
  const ended = new Promise((resolve) => {
    browser.on("error", (error) => resolve(error.message));
    browser.on("exit", (code) => resolve(`it ended with ${code}`));
  });
  try {
    const early = ended.then((how) => Promise.reject(new Error(`chromium: ${how}\n${said}`)));
    const late = new Promise((_, reject) => {
      setTimeout(
        () => reject(new Error(`chromium: no result in time\n${said}`)),
        LONGEST_MS,
      ).unref();
    });
    return await Promise.race([work, early, late]);
  } finally {
    browser.kill();
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

const expected = await train(cpuRuntime({ threads: 1 }));
console.log(`onnxruntime-node  ${expected.map((loss) => loss.toFixed(6)).join("  ")}`);

const { promise: result, resolve: onResult } = deferred();
const server = await startServer(onResult);
const { losses, error } = await withPage(`http://127.0.0.1:${server.address().port}/`, result);
server.close();
server.closeAllConnections();
if (error !== undefined) throw new Error(`the page failed: ${error}`);
console.log(`Chromium, wasm    ${losses.map((loss) => loss.toFixed(6)).join("  ")}`);

const isSame =
  losses.length === expected.length &&
  losses.every((loss, i) => Math.abs(loss - expected[i]) < TOLERANCE) &&
  expected[2] < expected[0];
console.log(isSame ? "the same" : `they must differ by less than ${TOLERANCE}, and fall`);
process.exitCode = isSame ? 0 : 1;

function deferred() {
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
