/** @file What tests of the studio do with it: they start it, drop files, ask, and save what it hands out. */

import { execFile, spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PROGRAM = join(ROOT, "bin", "flora.js");
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
export const LONGEST_MS = 120_000;

/** What a command prints. */
export const flora = async (words, options = {}) =>
  (await promisify(execFile)(process.execPath, [PROGRAM, ...words], options)).stdout;

/** The server, and the address that it prints. */
export async function startServer() {
  const server = spawn(process.execPath, [PROGRAM, "studio", "--port", "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [address] = await new Promise((resolve) => {
    createInterface({ input: server.stdout }).once("line", (line) => resolve([line]));
  });
  return { server, address };
}

/** Drops a file onto the page, as from a file manager. */
export async function drop(page, name, text) {
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

/** Asks the model; returns the answer, or the sentence in its place. */
export async function ask(page, question) {
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
export async function download(place, label, folder) {
  const page = typeof place.page === "function" ? place.page() : place;
  const [saved] = await Promise.all([
    page.waitForEvent("download"),
    place.getByRole("button", { name: label }).click(),
  ]);
  for (const [name, content] of unzip(await readFile(await saved.path()))) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

export async function axeFinds(page) {
  await page.evaluate(await readFile(AXE, "utf8"));
  const { violations } = await page.evaluate("axe.run()");
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

/** A browser with a profile of its own in a folder: files of one without are in memory, and have no end. */
export const openBrowser = (folder, args = []) =>
  chromium.launchPersistentContext(join(folder, "profile"), {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage", ...args],
  });

/** A page of the studio that is ready, and all that went wrong in it. */
export async function openStudio(browser, address) {
  const page = await browser.newPage();
  const problems = [];
  page.on("pageerror", ({ message }) => problems.push(message));
  page.on("console", (said) => {
    if (said.type() === "error") problems.push(said.text());
  });
  await page.goto(address);
  const status = page.locator("#status");
  await status
    .filter({ hasText: "with threads" })
    .waitFor({ timeout: LONGEST_MS })
    .catch(async (cause) => {
      const said = [await status.textContent(), await page.locator("#problem").textContent()];
      throw new Error(`the studio says ${JSON.stringify([...said, ...problems])}`, { cause });
    });
  return { page, problems };
}

/** Waits for what the card of the run says. */
export const waitForState = (page, pattern) =>
  page.locator(".title p").filter({ hasText: pattern }).waitFor({ timeout: LONGEST_MS });

/**
 * Presses a button of the card, or reloads the page, as soon as the card says that a step is done: the page itself looks, since from here a small run may
 * be over before it is seen. Called before the run begins.
 *
 * @param {"Stop" | "reload"} what
 */
export const afterFirstSteps = (page, what) =>
  page.evaluate((action) => {
    const observer = new MutationObserver(() => {
      if (!/^step [2-9]/.test(document.querySelector(".title p")?.textContent ?? "")) return;
      observer.disconnect();
      if (action === "reload") return location.reload();
      const buttons = Array.from(document.querySelectorAll("button"));
      buttons.find(({ textContent }) => textContent.trim() === action).click();
    });
    observer.observe(document.body, { childList: true, characterData: true, subtree: true });
  }, what);
