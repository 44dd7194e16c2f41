/**
 * @file The same run in a tab of Chromium, in Node on WebAssembly, and in Node on native kernels, in turns: tokens a second, and the peak of the process that
 * trains. `npm run build:studio` comes before; memory is read from /proc, on Linux alone.
 *
 *   node bench/main.js browser [--size small] [--steps 30] [--rounds 3] [--json]
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { train } from "../dist/index.js";
import {
  download,
  drop,
  openBrowser,
  openStudio,
  ROOT,
  startServer,
} from "../test/browser/studio-page.js";

const { values: options } = parseArgs({
  options: {
    size: { type: "string", default: "small" },
    steps: { type: "string", default: "30" },
    rounds: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
    // What a process of its own is to run.
    run: { type: "string" },
  },
});
if (options.run !== undefined) {
  await train(JSON.parse(options.run)).result();
  process.exit();
}
const LONGEST_MS = 1_800_000;
const DATA = join(ROOT, "examples/chats.jsonl");
/** Steps in which programs are compiled. */
const WARM_UP = 5;

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** What the log of a run tells. */
function readLog(directory) {
  const lines = readFileSync(join(directory, "log.jsonl"), "utf8").trim().split("\n");
  const events = lines.map((line) => JSON.parse(line));
  const steps = events.filter(({ type, step }) => type === "step" && step > WARM_UP);
  return {
    config: events[0].config,
    tokensPerSecond: median(steps.map((step) => step.tokensPerSecond)),
    peakBytes: events.at(-1).memory.measuredTotal,
  };
}

/** The largest peak among the processes of pages, of the browser with this profile. */
function pagePeakBytes(profile) {
  const peaks = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((id) => {
      try {
        const command = readFileSync(`/proc/${id}/cmdline`, "utf8");
        const isOurs = command.includes(profile) && command.includes("--type=renderer");
        const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, "utf8"));
        return isOurs ? [Number(kilobytes) * 1024] : [];
      } catch {
        // It has ended.
        return [];
      }
    });
  return Math.max(...peaks);
}

async function inTab(folder) {
  const { server, address } = await startServer();
  const browser = await openBrowser(folder);
  try {
    const { page } = await openStudio(browser, address);
    await drop(page, "chats.jsonl", readFileSync(DATA, "utf8"));
    await page.locator("#model").selectOption(options.size);
    await page.locator("#steps").fill(options.steps);
    await page.locator("#name").fill("tab");
    await page.getByRole("button", { name: "Train" }).click();
    const state = page.locator(".title p");
    await state.filter({ hasText: /^finished/ }).waitFor({ timeout: LONGEST_MS });
    const peakBytes = pagePeakBytes(join(folder, "profile"));
    await download(page, "Save the run", folder);
    return { ...readLog(join(folder, "tab")), peakBytes };
  } finally {
    await browser.close();
    server.kill();
  }
}

/** The run of the tab, in a process of Node. */
function inNode(config, device, folder) {
  const output = join(folder, device);
  const { resume: _, ...rest } = config;
  const given = { ...rest, device, threads: cpus().length, train: [DATA], output };
  const words = [fileURLToPath(import.meta.url), "--run", JSON.stringify(given)];
  const { status, stderr } = spawnSync(process.execPath, words, { cwd: ROOT, encoding: "utf8" });
  if (status !== 0) throw new Error(`${device}: ${stderr}`);
  return readLog(output);
}

const rows = { "Chromium, wasm": [], "Node, wasm": [], "Node, cpu": [] };
for (let round = 0; round < Number(options.rounds); round++) {
  const folder = mkdtempSync(join(tmpdir(), "flora-bench-"));
  try {
    const tab = await inTab(folder);
    rows["Chromium, wasm"].push(tab);
    rows["Node, wasm"].push(inNode(tab.config, "wasm", folder));
    rows["Node, cpu"].push(inNode(tab.config, "cpu", folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const results = Object.entries(rows).map(([name, runs]) => ({
  name,
  tokensPerSecond: median(runs.map((run) => run.tokensPerSecond)),
  peakBytes: median(runs.map((run) => run.peakBytes)),
}));
if (options.json) console.log(JSON.stringify(results));
else {
  console.log(`a Llama, ${options.size}, ${options.steps} steps, medians of ${options.rounds}`);
  for (const { name, tokensPerSecond, peakBytes } of results) {
    const [speed, memory] = [tokensPerSecond.toFixed(0), (peakBytes / 1e6).toFixed(0)];
    console.log(`${name.padEnd(16)}${speed.padStart(8)} tokens/s${memory.padStart(8)} MB`);
  }
}
