import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createConsole } from "../../../src/cli/reports/console.ts";
import { follow } from "../../../src/cli/commands/train.ts";
import { UsageError } from "../../../src/errors.ts";
import type { EndEvent } from "../../../src/runs/events.ts";
import { endEvent, fakeTrain, startEvent, stepEvent } from "../events.ts";

function screen() {
  const written: string[] = [];
  const write = (text: string) => void written.push(text);
  const output = { write, isTerminal: false, width: 80, color: false } as const;
  const text = () => written.join("");
  return { text, console: createConsole(output, { program: "flora", words: [] }) };
}

const newOutput = (): string => join(mkdtempSync(join(tmpdir(), "flora-train-")), "run");

it.each<[EndEvent["reason"], number]>([
  ["finished", 0],
  ["not a number", 1],
  ["interrupted", 130],
])("ends a run that is %s with exit code %d", async (reason, code) => {
  const start = startEvent({ output: newOutput() });
  const { console, text } = screen();
  const train = fakeTrain([start, stepEvent(), endEvent({ reason })]);
  expect(await follow(start.config, train, { console })).toBe(code);
  expect(text()).toContain("step 120/400");
  const log = readFileSync(join(start.config.output, "log.jsonl"), "utf8");
  expect(log.trimEnd().split("\n")).toHaveLength(3);
});

it("writes nothing for a run that is refused", async () => {
  const { config } = startEvent({ output: newOutput() });
  // oxlint-disable-next-line require-yield
  async function* refuse() {
    await Promise.resolve();
    throw new UsageError("output: the directory is not empty");
  }
  await expect(follow(config, refuse, screen())).rejects.toThrow("not empty");
  expect(existsSync(config.output)).toBe(false);
});

it.each(["SIGINT", "SIGTERM"] as const)("ends a run in good order on %s", async (signal) => {
  const before = process.listenerCount(signal);
  const start = startEvent({ output: newOutput() });
  const { console, text } = screen();
  async function* interruptedTrain(_: unknown, options: { readonly signal: AbortSignal }) {
    for await (const event of fakeTrain([start, stepEvent(), stepEvent()])(_, options)) {
      yield event;
      // Twice at once, as npm does.
      if (event.type === "start") {
        process.emit(signal);
        process.emit(signal);
      }
    }
  }
  expect(await follow(start.config, interruptedTrain, { console })).toBe(130);
  expect(text()).toContain("finishing the micro-step and saving; Ctrl-C again ends at once\n");
  expect(text()).toContain("interrupted at step 3");
  expect(process.listenerCount(signal)).toBe(before);
});
