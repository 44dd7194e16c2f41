/**
 * @file The studio on WebGPU, in Chromium on SwiftShader: a Llama trains, goes on after the device was lost, answers, and is saved. `flora generate` gives the same
 * answer, a run goes on from the tab in Node and from Node in the tab, and losses are those that Node has for the same steps. `npm run build:studio` comes
 * before; `CHROMIUM` names another browser.
 */

import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { train } from "flora-train";
import {
  ask,
  download,
  drop,
  flora,
  openBrowser,
  openStudio,
  ROOT,
  startServer,
  waitForState,
} from "./studio-page.js";

const SWIFTSHADER = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--ignore-gpu-blocklist",
];
/** The largest difference of a loss, in nats. */
const TOLERANCE = 1e-5;
const STEPS = 4;
const QUESTION = "What does a wolf eat?";

function check(what, isRight) {
  if (!isRight) throw new Error(`studio on WebGPU: ${what}`);
}

async function logOf(directory) {
  const lines = (await readFile(join(directory, "log.jsonl"), "utf8")).trim().split("\n");
  const events = lines.map((line) => JSON.parse(line));
  const starts = events.filter(({ type }) => type === "start");
  const steps = events.filter(({ type }) => type === "step");
  return { starts, losses: new Map(steps.map(({ step, loss }) => [step, loss])) };
}

/** @param {Map<number, number>} losses */
function compare(what, losses, reference) {
  const differences = Array.from(reference, ([step, loss]) =>
    Math.abs(loss - (losses.get(step) ?? Number.NaN)),
  );
  const largest = Math.max(...differences);
  console.log(`${what}: at most ${largest.toExponential(1)} apart`);
  check(`${what}: ${STEPS} losses`, differences.length === STEPS && largest < TOLERANCE);
}

/** Has the worker of a page remember the device that it opens next; returns a function that takes it away. */
async function losing(page) {
  const [worker] = page.workers();
  await worker.evaluate(() => {
    const request = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (...options) {
      globalThis.device = await request.apply(this, options);
      return globalThis.device;
    };
  });
  return () => worker.evaluate("device.destroy()");
}

/** What a processor that plays a GPU can train: 20 thousand weights, sequences of 64 tokens. */
const MODEL = {
  model_type: "llama",
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
};

const folder = await mkdtemp(join(tmpdir(), "flora-webgpu-"));
// A run that fine-tunes a model crosses with a path that means the same on both sides.
process.chdir(folder);
const chats = { train: [join(ROOT, "examples/chats.jsonl")], chatTemplate: "chatml" };
const first = { ...chats, model: MODEL, tooLong: "truncate", steps: 8, translations: 0 };
await train({ ...first, output: "models/small" }).result();
const { server, address } = await startServer();
const browser = await openBrowser(folder, SWIFTSHADER);
try {
  const { page, problems } = await openStudio(browser, address);
  const text = await readFile(chats.train[0], "utf8");
  await drop(page, "chats.jsonl", text);
  await page.locator("#model").selectOption("folder");
  await page.locator("#folder").setInputFiles("models/small");
  await page.locator("#steps").fill(String(STEPS));
  const lose = await losing(page);
  // A processor that plays a GPU is taken where it is asked for, and not by itself.
  await page.locator("#device").selectOption("webgpu");
  await page.locator("#status", { hasText: "ready, on the GPU" }).waitFor();
  await page.getByRole("button", { name: "Train" }).click();
  await waitForState(page, /^step [2-9]/);
  check("it says what computes", (await page.locator("#status").textContent()).includes("GPU"));
  await lose();
  const problem = page.locator("#problem");
  await problem.waitFor();
  const gone = await problem.textContent();
  check(`a lost device: ${gone}`, /^The GPU is gone; got .*; reload the page and go on/.test(gone));
  await page.reload();
  await waitForState(page, /^finished after/);
  const answer = await ask(page, QUESTION);
  await download(page, "Save the model", folder);
  const fromNode = await flora(["generate", "--model", "mine", "--chat", QUESTION]);
  check(`Node answers ${fromNode}, the tab ${answer}`, fromNode === `${answer}\n`);

  await rm("mine", { recursive: true });
  await download(page, "Save the run", folder);
  const { starts, losses } = await logOf("mine");
  check("it went on after the loss", starts.length === 2 && starts[1].startStep > 0);
  check(
    "webgpu in the log",
    starts.every(({ device }) => device === "webgpu"),
  );

  // The same steps in Node, with a run that is left in the middle for the tab.
  const { resume: _, ...options } = { ...starts[0].config, train: chats.train };
  for await (const event of train({ ...options, output: "reference" })) {
    const isBegun = event.type === "saved" && event.what === "checkpoint" && event.step === 2;
    if (isBegun) await cp("reference", "begun", { recursive: true });
  }
  const expected = (await logOf("reference")).losses;
  compare("WebGPU and Node", losses, expected);
  await drop(page, "chats.jsonl", text);
  await page.locator("#device").selectOption("webgpu");
  await page.locator("#model").selectOption("run");
  await page.locator("#folder").setInputFiles("begun");
  await page.getByRole("button", { name: "Train" }).click();
  const panel = page.getByRole("region", { name: "run begun" });
  await panel
    .locator(".title p")
    .filter({ hasText: /^finished/ })
    .waitFor({ timeout: 120_000 })
    .catch(async (error) => {
      throw new Error(await page.locator("#problem").textContent(), { cause: error });
    });
  await download(panel, "Save the run", join(folder, "back"));
  compare("from Node to WebGPU", (await logOf(join(folder, "back", "begun"))).losses, expected);
  check(problems.join("; "), problems.length === 0);
} finally {
  await browser.close();
  server.kill();
  await rm(folder, { recursive: true, force: true });
}
