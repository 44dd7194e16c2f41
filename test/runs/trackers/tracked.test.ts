import { expect, it } from "vitest";
import { writeFile } from "../../../src/host/content.ts";
import { memoryHost } from "../../../src/host/in-memory.ts";
import type { TrainEvent } from "../../../src/runs/events.ts";
import { tracked, type TrackedOptions } from "../../../src/runs/trackers/tracked.ts";
import type { TrainOptions } from "../../../src/options/config.ts";
import { TRACKER_NAMES } from "../../../src/options/tables/names.ts";
import { startEvent } from "../../cli/events.ts";
import { evaluation, OUTPUT, start, step } from "./support.ts";

const end = (): TrainEvent => ({
  type: "end",
  reason: "finished",
  step: 2,
  totalSteps: 2,
  elapsedMs: 1,
  memory: start().memory,
  projectionShare: 0,
  overheadShare: 0,
});

async function collect(
  events: readonly TrainEvent[],
  options: TrackedOptions = {},
  host = memoryHost(),
): Promise<readonly TrainEvent[]> {
  const told: TrainEvent[] = [];
  async function* source(): AsyncGenerator<TrainEvent> {
    for (const event of events) yield await Promise.resolve(event);
  }
  for await (const event of tracked(host, source(), options)) told.push(event);
  return told;
}

it("has every event heard, and hands it on as it is", async () => {
  const events = [start(), evaluation(0, 3), step(1, 2), end()];
  const heard: TrainEvent[] = [];
  const told = await collect(events, { trackers: [(event) => void heard.push(event)] });
  expect(told).toEqual(events);
  expect(heard).toEqual(events);
});

it("tells once of a tracker that fails, and goes on without it", async () => {
  let calls = 0;
  const broken = async (): Promise<void> => {
    calls++;
    throw new Error("no connection");
  };
  const events = [start(), step(1, 3), step(2, 2), end()];
  const [first, ...told] = await collect(events, { trackers: [broken] });
  expect(first?.type).toBe("start");
  expect(told).toEqual([
    {
      type: "note",
      text: "the tracker broken failed, and hears no more of the run: no connection",
    },
    ...events.slice(1),
  ]);
  expect(calls).toBe(1);
});

it("keeps the end at the end", async () => {
  const broken = ({ type }: TrainEvent): void => {
    if (type === "end") throw new Error("too late");
  };
  const told = await collect([start(), end()], { trackers: [broken] });
  expect(told.map(({ type }) => type)).toEqual(["start", "note", "end"]);
});

it("opens the trackers that the options name, where the run writes", async () => {
  for (const [writes, names] of [
    [true, ["metrics.csv", "metrics.jsonl", "tensorboard"]],
    [false, []],
  ] as const) {
    const host = memoryHost();
    await host.files.makeDirectory(OUTPUT);
    const event = startEvent({ output: OUTPUT, track: [...TRACKER_NAMES] });
    await collect([{ ...event }, step(1, 2)], { writes }, host);
    expect((await host.files.list(OUTPUT)).map(({ name }) => name)).toEqual(names);
  }
});

it.each<[string, TrainOptions, readonly string[]]>([
  ["replaced", { track: ["csv"] }, ["metrics.csv", "mine.txt"]],
  ["replaced, by one without any", { track: [] }, ["mine.txt"]],
  [
    "gone on with",
    { track: [], resume: true },
    ["metrics.csv", "metrics.jsonl", "mine.txt", "tensorboard"],
  ],
])("leaves of the files of a run that is %s what belongs to it", async (_name, options, left) => {
  const host = memoryHost();
  await host.files.makeDirectory(OUTPUT);
  await writeFile(host.files, `${OUTPUT}/mine.txt`, "");
  await collect([startEvent({ output: OUTPUT, track: [...TRACKER_NAMES] }), step(1, 2)], {}, host);
  await collect([startEvent({ output: OUTPUT, ...options }), step(1, 3)], {}, host);
  expect((await host.files.list(OUTPUT)).map(({ name }) => name)).toEqual(left);
});

it("goes on where the disk is full", async () => {
  const host = memoryHost();
  await host.files.makeDirectory(OUTPUT);
  const event = startEvent({ output: OUTPUT, track: ["jsonl"] });
  const full = {
    ...host,
    files: { ...host.files, append: () => Promise.reject(new Error("full")) },
  };
  const told: TrainEvent[] = [];
  async function* source(): AsyncGenerator<TrainEvent> {
    yield* [event, step(1, 3), step(2, 2)];
  }
  for await (const each of tracked(full, source())) told.push(each);
  expect(told.map(({ type }) => type)).toEqual(["start", "step", "note", "step"]);
});
