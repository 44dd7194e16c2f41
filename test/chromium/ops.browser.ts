/**
 * Every operator and its derivative in Chromium, against PyTorch's numbers: with WebAssembly, and with WebGPU on SwiftShader, where no
 * node may fall back to the CPU. `CHROMIUM` names another browser.
 */

import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { extname, join, normalize } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile } from "../../src/onnx/model.ts";
import { FLOAT32, relativeDifference } from "../support/close.ts";
import { graphOf } from "../ops/built-case.ts";
import { type Case, CASES } from "../ops/cases.ts";

const PAGE = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<script type="importmap">{"imports":{"onnxruntime-web/webgpu":"/node_modules/onnxruntime-web/dist/ort.webgpu.bundle.min.mjs"}}</script>
<script type="module">
  import { runProgram } from "/test/chromium/run-programs.js";
  globalThis.runProgram = runProgram;
</script>`;
const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};
/** https://github.com/google/swiftshader through Dawn: what a machine without a GPU has. */
const SWIFTSHADER = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--ignore-gpu-blocklist",
];

let server: Server;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://localhost").pathname);
    const isPage = path === "/";
    response.writeHead(200, { "Content-Type": isPage ? "text/html" : TYPES[extname(path)] });
    response.end(isPage ? PAGE : readFileSync(join(process.cwd(), path)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  browser = await chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage", ...SWIFTSHADER],
  });
  page = await browser.newPage();
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  await page.goto(`http://127.0.0.1:${address.port}/`);
  await page.waitForFunction("globalThis.runProgram !== undefined");
});
afterAll(async () => {
  await browser?.close();
  server?.close();
});

interface Ran {
  readonly outputs?: Readonly<Record<string, readonly number[]>>;
  readonly error?: string;
}

/** The largest relative difference to the reference, or what the provider said. */
async function differenceOf(item: Case, provider: "wasm" | "webgpu"): Promise<number | string> {
  const { outputs, gradients, feeds } = graphOf(item, "float32");
  const { bytes, inputs } = compile({ ...outputs, ...gradients });
  const given = Object.keys(inputs).flatMap((name) => {
    const tensor = feeds[name];
    return tensor ? [[name, { ...tensor, data: Array.from(tensor.data, Number) }] as const] : [];
  });
  const program = { bytes: Array.from(bytes), feeds: Object.fromEntries(given) };
  const words = `globalThis.runProgram(${JSON.stringify(program)}, ${JSON.stringify(provider)})`;
  const ran: Ran = await page.evaluate(words);
  if (!ran.outputs) return ran.error ?? "nothing";
  const { outputs: got } = ran;
  const references = [
    ...item.outputs.map(({ data }, i) => [`y${i}`, data] as const),
    ...item.grads.flatMap((gradient, i) => (gradient ? [[`dx${i}`, gradient.data] as const] : [])),
  ];
  return Math.max(
    ...references.map(([name, data]) => relativeDifference(got[name] ?? [], data, 1e-6)),
  );
}

/** Programs compute in float32; the builds for browsers have few kernels of float64. */
const cases = CASES.flatMap((item) =>
  item.op === "cast" && item.outputs.some(({ dtype }) => dtype === "float64")
    ? []
    : [[item.name, item] as const],
);

/** Derivatives that cancel in float32, where the reference is float64: 1 - tanh(4)² is 1e-3, from roundings of 6e-8. */
const CANCELS: Readonly<Record<string, number>> = { "tanh/wide": 2e-4 };

/** WGSL promises 2^-11 of sin and cos between -π and π, and nothing beyond (WGSL, floating point accuracy). */
const SINES: Readonly<Record<string, number>> = { cos: 2 ** -11, rotary: 2 ** -11, sin: 2 ** -11 };

/** Operators for which the provider of WebGPU has no kernel. */
const NO_KERNEL: readonly string[] = ["round"];

describe("WebAssembly has the numbers of PyTorch", () => {
  it.each(cases)("%s", async (name, item) => {
    expect(await differenceOf(item, "wasm")).toBeLessThanOrEqual(CANCELS[name] ?? FLOAT32);
  });
});

describe("WebGPU has the numbers of PyTorch", () => {
  it.each(cases.filter(([, { op }]) => !NO_KERNEL.includes(op)))("%s", async (name, item) => {
    const tolerance = CANCELS[name] ?? SINES[item.op] ?? FLOAT32;
    expect(await differenceOf(item, "webgpu")).toBeLessThanOrEqual(tolerance);
  });

  it.each(cases.filter(([, { op }]) => NO_KERNEL.includes(op)))(
    "but %s, which would fall back to the CPU",
    async (_, item) => {
      expect(await differenceOf(item, "webgpu")).toMatch(/fallback/);
    },
  );
});
