import { expect, it } from "vitest";
import { FormatError, UsageError } from "../../src/errors.ts";
import { writeFile } from "../../src/host/content.ts";
import { memoryHost } from "../../src/host/in-memory.ts";
import { LOG_VERSION, logPath } from "../../src/runs/log-line.ts";
import { parseLog, readLog } from "../../src/runs/read-log.ts";
import { startEvent, stepEvent } from "../cli/events.ts";
import { linesOf } from "./support.ts";

async function hostWith(content: string) {
  const host = memoryHost();
  await host.files.makeDirectory("run");
  await writeFile(host.files, logPath("run"), content);
  return host;
}

it("reads the events of a file", async () => {
  const { files } = await hostWith(linesOf([startEvent(), stepEvent()]));
  const events = await readLog(files, "run");
  expect(events?.map(({ type }) => type)).toEqual(["start", "step"]);
});

it("passes over what is no event, and a line that was cut off", () => {
  const cut = linesOf([startEvent(), stepEvent(), stepEvent()]).slice(0, -30);
  const events = parseLog(`\n{"type":"other"}\nnonsense\n${cut}`);
  expect(events.map(({ type }) => type)).toEqual(["start", "step"]);
  expect(parseLog("")).toEqual([]);
});

it("has nothing of a run that was not begun", async () => {
  expect(await readLog(memoryHost().files, "run")).toBeUndefined();
});

it("refuses what a newer version wrote, also behind what an older one did", async () => {
  const newer = JSON.stringify({ ...startEvent(), version: LOG_VERSION + 1 });
  const { files } = await hostWith(`${linesOf([startEvent()])}${newer}\n`);
  const error = await readLog(files, "run").catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(FormatError);
  expect(String(error)).toContain("run/log.jsonl: a newer flora wrote this log");
});

it("says why it cannot be read", async () => {
  const { files } = memoryHost();
  await files.makeDirectory(logPath("run"));
  const error = await readLog(files, "run").catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UsageError);
  expect(String(error)).toContain("run/log.jsonl: cannot read the log: this is a directory");
});
