/**
 * @file The studio in Chromium, as a person uses it: a file of chats is dropped, a small Llama trains in the tab, answers while it does, goes on after a
 * reload, and is saved; `flora generate` then gives the same answer in Node. What goes wrong is said in a sentence, and the page fits a telephone.
 * `CHROMIUM` names another browser; `npm run build:studio` comes before.
 */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  afterFirstSteps,
  ask,
  axeFinds,
  download,
  drop,
  flora,
  openBrowser,
  openStudio,
  ROOT,
  startServer,
  waitForState,
} from "./studio-page.js";

const VIEWS = [
  { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  { viewport: { width: 390, height: 844 }, colorScheme: "dark" },
];
const QUESTION = "What does a wolf eat?";

/** What Chromium without a GPU lacks, and what to choose instead. */
const NO_GPU =
  /^(?:This browser has no WebGPU|WebGPU finds no GPU here); take the processor \(under Computes\)\.$/;

function check(what, isRight) {
  if (!isRight) throw new Error(`studio: ${what}`);
}

/** Does something that must be refused; returns the sentence. */
async function refused(page, work) {
  const problem = page.locator("#problem");
  await page.evaluate(() => (document.querySelector("#problem").hidden = true));
  await work();
  await problem.waitFor();
  return problem.textContent();
}

/** Notes what the answer is from now on; returns a function that tells it. */
async function watchAnswer(page) {
  await page.evaluate(() => {
    globalThis.seen = [];
    const answer = document.querySelector(".answer");
    const note = () => answer.textContent !== "…" && globalThis.seen.push(answer.textContent);
    new MutationObserver(note).observe(answer, { childList: true });
  });
  return () => page.evaluate("globalThis.seen");
}

async function checkLooks(page) {
  for (const { viewport, colorScheme } of VIEWS) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    const found = await axeFinds(page);
    check(`${colorScheme}: axe finds ${found.join("; ")}`, found.length === 0);
    const wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    check(`${colorScheme}: it is ${wide} pixels too wide`, wide <= 0);
  }
}

const folder = await mkdtemp(join(tmpdir(), "flora-studio-"));
const { server, address } = await startServer();
const browser = await openBrowser(folder);
try {
  const { page, problems } = await openStudio(browser, address);
  const submit = () => page.getByRole("button", { name: "Train" }).click();
  check("nothing dropped", (await refused(page, submit)).startsWith("Drop a file first"));
  await drop(page, "broken.jsonl", "{{{");
  const broken = await refused(page, submit);
  check(`a broken file: ${broken}`, broken.startsWith("data/broken.jsonl:") && !/\n/.test(broken));
  check("a run that was refused stays", (await page.locator(".title").count()) === 0);

  const noGpu = await refused(page, () => page.locator("#device").selectOption("webgpu"));
  check(`without WebGPU: ${noGpu}`, NO_GPU.test(noGpu));
  await page.locator("#device").selectOption("auto");

  // By keyboard alone: the model, the steps, and Enter.
  await drop(page, "chats.jsonl", await readFile(join(ROOT, "examples/chats.jsonl"), "utf8"));
  await page.locator("#data").focus();
  await page.keyboard.press("Tab");
  await page.keyboard.type("from scratch, tiny");
  await page.keyboard.press("Tab");
  await page.keyboard.type("20");
  await afterFirstSteps(page, "reload");
  await page.keyboard.press("Enter");
  await waitForState(page, /^finished after/);
  await page.locator("#status", { hasText: "ready" }).waitFor();
  check("an end without a problem", !(await page.locator("#problem").isVisible()));
  const grown = await watchAnswer(page);
  const answer = await ask(page, QUESTION);
  const seen = await grown();
  check(
    `the answer comes as it is made: ${JSON.stringify(seen)}`,
    seen.length > 2 && seen.at(-1) === answer && seen.every((text) => answer.startsWith(text)),
  );
  await download(page, "Save the run", folder);
  const events = (await readFile(join(folder, "mine/log.jsonl"), "utf8")).trim().split("\n");
  const starts = events.map((line) => JSON.parse(line)).filter(({ type }) => type === "start");
  check("it went on after the reload", starts.length === 2 && starts[1].startStep > 0);
  await rm(join(folder, "mine"), { recursive: true });
  await download(page, "Save the model", folder);
  const fromNode = await flora(["generate", "--model", join(folder, "mine"), "--chat", QUESTION]);
  check(
    `Node answers ${JSON.stringify(fromNode)}, the tab ${JSON.stringify(answer)}`,
    fromNode === `${answer}\n`,
  );

  // A run that does not end by itself.
  await page.locator("#steps").fill("100000");
  await page.locator("#name").fill("long");
  await drop(page, "chats.jsonl", await readFile(join(ROOT, "examples/chats.jsonl"), "utf8"));
  await submit();
  const long = page.getByRole("region", { name: "run long" });
  await long.locator(".title p").filter({ hasText: /^step/ }).waitFor();
  const early = await ask(long, QUESTION);
  check(`an answer in the middle: ${early}`, early !== "" && !early.includes("no model"));
  const second = await openStudio(browser, address);
  await second.page.locator("#problem").waitFor();
  const elsewhere = await second.page.locator("#problem").textContent();
  check(`a second tab: ${elsewhere}`, elsewhere.startsWith("The run long goes on in another tab;"));
  await second.page.close();
  await long.getByRole("button", { name: "Stop" }).click();
  await long
    .locator(".title p")
    .filter({ hasText: /^interrupted/ })
    .waitFor();
  await long.getByRole("button", { name: "Remove" }).click();
  await long.waitFor({ state: "detached" });

  const session = await browser.newCDPSession(page);
  const { origin } = new URL(address);
  await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 3e6 });
  await page.locator("#name").fill("larger");
  await drop(page, "large.txt", "many words ".repeat(5e5));
  const full = await refused(page, submit);
  check(`no room: ${full}`, full.startsWith("The browser gives this page no more disk space;"));

  await checkLooks(page);
  check(problems.join("; "), problems.length === 0);
  console.log("the studio: dropped, trained, asked, reloaded, saved, and the same answer in Node");
} finally {
  await browser.close();
  server.kill();
  await rm(folder, { recursive: true, force: true });
}
