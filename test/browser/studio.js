/**
 * @file The studio in Chromium, as a person uses it: a file of chats is dropped, a small Llama trains in the tab, answers while it does, goes on after a
 * reload, and is saved; `flora generate` then gives the same answer in Node. `CHROMIUM` names another browser; `npm run build:studio` comes before.
 */

import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PROGRAM = join(ROOT, "bin", "flora.js");
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const LONGEST_MS = 120_000;
const QUESTION = "What does a wolf eat?";

function check(what, isRight) {
  if (!isRight) throw new Error(`studio: ${what}`);
}

const flora = async (...words) =>
  (await promisify(execFile)(process.execPath, [PROGRAM, ...words])).stdout;

async function startServer() {
  const server = spawn(process.execPath, [PROGRAM, "studio", "--port", "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [address] = await new Promise((resolve) => {
    createInterface({ input: server.stdout }).once("line", (line) => resolve([line]));
  });
  return { server, address };
}

/** Drops a file onto the page, as from a file manager. */
async function drop(page, name, text) {
  const transfer = await page.evaluateHandle(
    ([fileName, content]) => {
      const data = new DataTransfer();
      data.items.add(new File([content], fileName));
      return data;
    },
    [name, text],
  );
  await page.dispatchEvent("#drop", "drop", { dataTransfer: transfer });
}

async function ask(page, question) {
  await page.getByLabel("Ask it something").fill(question);
  await page.getByRole("button", { name: "Ask", exact: true }).click();
  const answer = page.locator(".answer");
  await page.getByRole("button", { name: "Ask", exact: true, disabled: false }).waitFor();
  return answer.textContent();
}

/** What a zip file of stored files holds. */
function unzip(bytes) {
  const files = new Map();
  for (let at = 0; bytes.readUInt32LE(at) === 0x04034b50;) {
    const [size, nameLength] = [bytes.readUInt32LE(at + 18), bytes.readUInt16LE(at + 26)];
    const begin = at + 30 + nameLength + bytes.readUInt16LE(at + 28);
    files.set(
      bytes.toString("utf8", at + 30, at + 30 + nameLength),
      bytes.subarray(begin, begin + size),
    );
    at = begin + size;
  }
  return files;
}

/** Saves what a button of the page hands out, into a folder. */
async function download(page, label, folder) {
  const [saved] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: label }).click(),
  ]);
  for (const [name, content] of unzip(await readFile(await saved.path()))) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

async function axeFinds(page) {
  await page.evaluate(await readFile(AXE, "utf8"));
  const { violations } = await page.evaluate("axe.run()");
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

const folder = await mkdtemp(join(tmpdir(), "flora-studio-"));
const { server, address } = await startServer();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});
try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const problems = [];
  page.on("pageerror", ({ message }) => problems.push(message));
  page.on("console", (said) => {
    if (said.type() === "error") problems.push(said.text());
  });
  await page.goto(address);
  await page
    .locator("#status", { hasText: "ready, with threads" })
    .waitFor({ timeout: LONGEST_MS });

  await drop(page, "chats.jsonl", await readFile(join(ROOT, "examples/chats.jsonl"), "utf8"));
  await page.locator("#model").selectOption("tiny");
  await page.locator("#steps").fill("20");
  await page.getByRole("button", { name: "Train" }).click();
  const state = page.locator(".title p");
  await state.filter({ hasText: /^step \d+ of 20/ }).waitFor({ timeout: LONGEST_MS });
  console.log("an answer in the middle:", JSON.stringify(await ask(page, QUESTION)));
  console.log(await state.textContent());
  await page.reload();
  await state.filter({ hasText: /^finished after/ }).waitFor({ timeout: LONGEST_MS });
  const answer = await ask(page, QUESTION);
  await download(page, "Save the model", folder);
  const fromNode = await flora("generate", "--model", join(folder, "mine"), "--chat", QUESTION);
  check(
    `Node answers ${JSON.stringify(fromNode)}, the tab ${JSON.stringify(answer)}`,
    fromNode === `${answer}\n`,
  );
  check(problems.join("; "), problems.length === 0);
  const found = await axeFinds(page);
  check(`axe finds ${found.join("; ")}`, found.length === 0);
  console.log("the studio: dropped, trained, asked, reloaded, saved, and the same answer in Node");
} finally {
  await browser.close();
  server.kill();
  await rm(folder, { recursive: true, force: true });
}
