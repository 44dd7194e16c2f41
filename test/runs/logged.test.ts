import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { startEvent, stepEvent } from "../cli/events.ts";
import { createJsonLinesLog } from "../support/on-node.ts";

const folder = (): string => mkdtempSync(join(tmpdir(), "flora-log-"));
const NOW = () => new Date("2026-01-02T03:04:05.678Z");

it("begins at the start event, with a line for all events but micro-steps", async () => {
  const output = join(folder(), "a", "b");
  const log = createJsonLinesLog(NOW);
  expect(existsSync(output)).toBe(false);
  await log.write(startEvent({ output }));
  await log.write({ type: "micro-step", step: 0, microStep: 1 });
  await log.write(stepEvent({ loss: Number.NaN }));
  await log.close();
  const text = readFileSync(join(output, "log.jsonl"), "utf8");
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line)); // each a line of JSON
  expect(lines).toEqual([
    expect.objectContaining({ time: "2026-01-02T03:04:05.678Z", type: "start" }),
    expect.objectContaining({ type: "step", step: 120, loss: "NaN" }),
  ]);
});

it("replaces an old log, and goes on with that of a run that goes on", async () => {
  const output = folder();
  const path = join(output, "log.jsonl");
  writeFileSync(path, "old\n");
  for (const [resume, lines] of [
    [true, 2],
    [false, 1],
  ] as const) {
    const log = createJsonLinesLog(NOW);
    await log.write(startEvent({ output, resume }));
    await log.close();
    expect(readFileSync(path, "utf8").trimEnd().split("\n")).toHaveLength(lines);
  }
});

it("says why it cannot be written", async () => {
  const file = join(folder(), "file");
  writeFileSync(file, "");
  const output = join(file, "run");
  const log = createJsonLinesLog(NOW);
  const error = await log.write(startEvent({ output })).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UsageError);
  expect(String(error)).toMatch(/log\.jsonl: cannot write the log: /);
});
