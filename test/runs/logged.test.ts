import { expect, it } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { readText, writeFile } from "../../src/host/content.ts";
import { memoryHost } from "../../src/host/in-memory.ts";
import type { TrainEvent } from "../../src/runs/events.ts";
import { LOG_VERSION, logPath } from "../../src/runs/log-line.ts";
import { logged } from "../../src/runs/logged.ts";
import { readLog } from "../../src/runs/read-log.ts";
import { startEvent, stepEvent } from "../cli/events.ts";

const OUTPUT = "a/b";
const microStep: TrainEvent = { type: "micro-step", step: 0, microStep: 1 };

async function* told(...events: readonly TrainEvent[]): AsyncGenerator<TrainEvent> {
  for (const event of events) yield await Promise.resolve(event);
}

async function collect(events: AsyncIterable<TrainEvent>): Promise<readonly TrainEvent[]> {
  const all: TrainEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

it("hands all events on, and writes a line for each but micro-steps", async () => {
  const host = memoryHost();
  const events = [startEvent({ output: OUTPUT }), microStep, stepEvent({ loss: Number.NaN })];
  expect(await collect(logged(host, told(...events)))).toEqual(events);
  const time = new Date(host.clock.dateMs()).toISOString();
  const text = await readText(host.files, logPath(OUTPUT));
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line)); // each a line of JSON
  expect(lines).toEqual([
    expect.objectContaining({ time, type: "start", version: LOG_VERSION }),
    expect.objectContaining({ time, type: "step", step: 120, loss: "NaN" }),
  ]);
  expect(lines[1]).not.toHaveProperty("version");
});

it("has written an event by the time it is told, and nothing before the start", async () => {
  const host = memoryHost();
  const written = async () => (await readLog(host.files, OUTPUT))?.length;
  const before = told(microStep, startEvent({ output: OUTPUT }), stepEvent(), stepEvent());
  const counts: (number | undefined)[] = [];
  for await (const event of logged(host, before)) {
    counts.push(await written());
    if (event.type === "step") break;
  }
  expect(counts).toEqual([undefined, 1, 2]);
});

it("replaces an old log, and goes on with that of a run that goes on", async () => {
  const { files, clock } = memoryHost();
  await files.makeDirectory(OUTPUT);
  await writeFile(files, logPath(OUTPUT), "old\n");
  for (const [resume, lines] of [
    [true, 2],
    [false, 1],
  ] as const) {
    await collect(logged({ files, clock }, told(startEvent({ output: OUTPUT, resume }))));
    expect((await readText(files, logPath(OUTPUT))).trimEnd().split("\n")).toHaveLength(lines);
  }
});

it("begins a line of its own behind one that was cut off", async () => {
  const host = memoryHost();
  await collect(logged(host, told(startEvent({ output: OUTPUT }), stepEvent())));
  const path = logPath(OUTPUT);
  await writeFile(host.files, path, (await readText(host.files, path)).slice(0, -20));
  await collect(logged(host, told(startEvent({ output: OUTPUT, resume: true }), stepEvent())));
  const types = (await readLog(host.files, OUTPUT))?.map(({ type }) => type);
  expect(types).toEqual(["start", "start", "step"]);
});

it("says why it cannot be written", async () => {
  const host = memoryHost();
  await writeFile(host.files, "file", "");
  const events = logged(host, told(startEvent({ output: "file/run" })));
  const error = await collect(events).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UsageError);
  expect(String(error)).toMatch(/log\.jsonl: cannot write the log: /);
});

it("throws what the run throws, as it is", async () => {
  async function* refuse(): AsyncGenerator<TrainEvent> {
    yield* told(startEvent({ output: OUTPUT }));
    throw new UsageError("data: none");
  }
  await expect(collect(logged(memoryHost(), refuse()))).rejects.toThrow(/^data: none$/);
});
