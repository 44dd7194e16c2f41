/**
 * @file The page that shows a run, in Chromium at two widths: it follows a run from another process through a reload, says what comes
 * next, fits, and has nothing that axe finds wrong. `CHROMIUM` names another browser; `npm run build` comes before.
 */

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const PROGRAM = fileURLToPath(new URL("../../bin/flora.js", import.meta.url));
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const LONGEST_MS = 60_000;
const VIEWS = [
  { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  { viewport: { width: 390, height: 844 }, colorScheme: "dark" },
];

function check(what, isRight) {
  if (!isRight) throw new Error(`watch: ${what}`);
}

/** A run with its page, and the address of that. */
async function startRun(output) {
  const words = ["train", "--watch", "--steps", "60", "--translations", "3", "--output", output];
  const run = spawn(process.execPath, [PROGRAM, ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const address = await new Promise((resolve) => {
    createInterface({ input: run.stdout }).on("line", (line) => {
      if (line.startsWith("http://")) resolve(line);
    });
  });
  return { run, address };
}

async function show(page, address) {
  const problems = [];
  page.on("pageerror", ({ message }) => problems.push(message));
  await page.goto(address);
  await page.locator("#connection", { hasText: "live" }).waitFor({ timeout: LONGEST_MS });
  return problems;
}

async function axeFinds(page) {
  await page.evaluate(await readFile(AXE, "utf8"));
  const { violations } = await page.evaluate("axe.run()");
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

const folder = await mkdtemp(join(tmpdir(), "flora-watch-"));
const output = join(folder, "run");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});
try {
  const { run, address } = await startRun(output);
  const ended = new Promise((resolve) => run.on("exit", resolve));
  const [first, ...others] = await Promise.all(VIEWS.map((view) => browser.newPage(view)));
  const problems = await show(first, address);
  const state = first.locator(".title p");
  await state.filter({ hasText: /^step \d+ of 60/ }).waitFor({ timeout: LONGEST_MS });
  await first.reload();
  await state.filter({ hasText: /^finished after/ }).waitFor({ timeout: LONGEST_MS });
  check("the run ends as if nobody had looked", (await ended) === 0);
  await first.locator("#connection", { hasText: "gone" }).waitFor({ timeout: LONGEST_MS });
  check(
    "what comes next",
    (await first.textContent("code"))?.includes(`generate --model ${output}`),
  );

  // The same run, from its log.
  const later = spawn(process.execPath, [PROGRAM, "watch", output], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [page] = await new Promise((resolve) => {
    createInterface({ input: later.stdout }).once("line", (line) => resolve([line]));
  });
  for (const each of [first, ...others]) {
    const own = each === first ? problems : await show(each, page);
    if (each === first) await each.goto(page);
    await each.locator(".title p", { hasText: "finished" }).waitFor({ timeout: LONGEST_MS });
    check("a chart", (await each.locator("canvas").count()) === 3);
    const found = await axeFinds(each);
    check(`axe finds ${found.join("; ")}`, found.length === 0);
    const wide = await each.evaluate("document.documentElement.scrollWidth - innerWidth");
    check(`it is ${wide} pixels too wide`, wide <= 0);
    check(own.join("; "), own.length === 0);
  }
  later.kill();
  console.log("the page of a run: live, through a reload, at two widths, and axe finds nothing");
} finally {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
}
