/**
 * @file A run that began in Node goes on in a tab, and one that began in a tab goes on in Node, each with the losses of the run that Node takes from
 * its beginning to its end. `npm run build:studio` comes before.
 */

import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { train } from "flora-train";
import {
  afterFirstSteps,
  download,
  drop,
  flora,
  openBrowser,
  openStudio,
  ROOT,
  startServer,
  waitForState,
} from "./studio-page.js";

/** The largest difference of a loss, in nats: kernels of the two packages sum in other orders. */
const TOLERANCE = 1e-5;
const [STEPS, LEFT_AT] = [16, 8];

/** The losses in a log by step: where steps were taken twice, the later ones. */
async function lossesOf(directory) {
  const lines = (await readFile(join(directory, "log.jsonl"), "utf8")).trim().split("\n");
  const events = lines.map((line) => JSON.parse(line));
  const starts = events.flatMap((event) => (event.type === "start" ? [event.startStep] : []));
  const steps = events.filter(({ type }) => type === "step");
  return { starts, config: events[0].config, losses: new Map(steps.map((e) => [e.step, e.loss])) };
}

function compare(what, { losses, starts }, reference) {
  const differences = Array.from(reference.losses, ([step, loss]) =>
    Math.abs(loss - (losses.get(step) ?? Number.NaN)),
  );
  const largest = Math.max(...differences);
  console.log(`${what}: from step ${starts.at(-1)}, at most ${largest.toExponential(1)} apart`);
  if (differences.length !== STEPS || !(largest < TOLERANCE)) {
    throw new Error(`${what}: ${STEPS} losses must differ by less than ${TOLERANCE}`);
  }
  if (starts.length !== 2 || !(starts[1] > 0)) throw new Error(`${what}: it did not go on`);
}

const folder = await mkdtemp(join(tmpdir(), "flora-crossing-"));
const { server, address } = await startServer();
const browser = await openBrowser(folder);
try {
  const { page } = await openStudio(browser, address);
  const chats = await readFile(join(ROOT, "examples/chats.jsonl"), "utf8");
  const data = join(ROOT, "examples/chats.jsonl");

  // Begun in the tab, stopped, gone on in Node.
  await drop(page, "chats.jsonl", chats);
  await page.locator("#model").selectOption("tiny");
  await page.locator("#steps").fill(String(STEPS));
  await page.locator("#name").fill("tab");
  await afterFirstSteps(page, "Stop");
  await page.getByRole("button", { name: "Train" }).click();
  await waitForState(page, /^interrupted/);
  await download(page, "Save the run", folder);
  const begun = await lossesOf(join(folder, "tab"));
  await flora(["train", "--resume", "--output", join(folder, "tab"), "--train", data]);

  // The same options in Node alone, and left in the middle.
  const { resume: _, ...options } = { ...begun.config, train: [data], overwrite: true };
  const inNode = async (output, signal) => {
    for await (const event of train({ ...options, output }, { signal: signal?.signal })) {
      if (event.type === "step" && event.step === LEFT_AT) signal?.abort();
    }
    return lossesOf(output);
  };
  const reference = await inNode(join(folder, "reference"));
  compare("from the tab to Node", await lossesOf(join(folder, "tab")), reference);

  await inNode(join(folder, "node"), new AbortController());
  await cp(join(folder, "node"), join(folder, "to-tab", "node"), { recursive: true });
  await page.locator("#model").selectOption("run");
  await page.locator("#folder").setInputFiles(join(folder, "to-tab", "node"));
  await page.getByRole("button", { name: "Train" }).click();
  const panel = page.getByRole("region", { name: "run node" });
  await panel
    .locator(".title p")
    .filter({ hasText: /^finished/ })
    .waitFor({ timeout: 120_000 });
  await download(panel, "Save the run", join(folder, "back"));
  compare("from Node to the tab", await lossesOf(join(folder, "back", "node")), reference);
} finally {
  await browser.close();
  server.kill();
  await rm(folder, { recursive: true, force: true });
}
