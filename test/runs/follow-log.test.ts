import { expect, it } from "vitest";
import { writeFile } from "../../src/host/content.ts";
import { memoryHost } from "../../src/host/in-memory.ts";
import { followLog, type FollowOptions, logBytes } from "../../src/runs/follow-log.ts";
import { type LoggedEvent, logPath } from "../../src/runs/log-line.ts";
import { endEvent, startEvent, stepEvent } from "../cli/events.ts";
import { linesOf } from "./support.ts";

const step = (number: number) => stepEvent({ step: number });

/** A log that grows at each look at it, which the last entry of `parts` ends by an abort where it is undefined. */
async function follow(
  parts: readonly (string | undefined)[],
  { before = "", ...options }: FollowOptions & { readonly before?: string } = {},
) {
  const { clock, files } = memoryHost();
  await files.makeDirectory("run");
  if (before !== "") await writeFile(files, logPath("run"), before);
  const controller = new AbortController();
  const waits: number[] = [];
  const host = {
    files,
    clock: {
      ...clock,
      async wait(ms: number, signal?: AbortSignal) {
        const part = parts[waits.length];
        waits.push(ms);
        if (waits.length > parts.length) throw new Error("nothing more will come");
        if (part === undefined) controller.abort();
        else {
          const file = await files.append(logPath("run"));
          await file.write(part);
          await file.close();
        }
        await clock.wait(ms, signal);
      },
    },
  };
  const events: LoggedEvent[] = [];
  const { signal } = controller;
  for await (const event of followLog(host, "run", { signal, ...options })) events.push(event);
  const steps = events.flatMap((event) => (event.type === "step" ? [event.step] : []));
  return { events, steps, waits };
}

it("tells what is appended, whole lines at a time, to the end of the run", async () => {
  const lines = linesOf([step(2), step(3), endEvent()]);
  const cut = linesOf([step(2), step(3)]).length - 5;
  const parts = [lines.slice(0, cut), lines.slice(cut)];
  const { events, waits } = await follow(parts, { before: linesOf([startEvent(), step(1)]) });
  expect(events.map(({ type }) => type)).toEqual(["start", "step", "step", "step", "end"]);
  expect(waits).toEqual([250, 250]);
});

it("waits for a log that does not exist yet", async () => {
  const { steps } = await follow(["", linesOf([startEvent(), step(1), endEvent()])]);
  expect(steps).toEqual([1]);
});

it("passes over what was there, also its end", async () => {
  const before = linesOf([startEvent(), step(1), endEvent()]);
  const after = before.length;
  const { steps } = await follow(["", linesOf([startEvent(), step(2), endEvent()])], {
    before,
    after,
  });
  expect(steps).toEqual([2]);
});

it("goes on behind an end that another start follows", async () => {
  const before = linesOf([startEvent(), endEvent({ reason: "interrupted" }), startEvent()]);
  const { steps } = await follow([linesOf([step(4), endEvent()])], { before });
  expect(steps).toEqual([4]);
});

it("ends where it is aborted, and tells what came before", async () => {
  const { steps, waits } = await follow([linesOf([step(1)]), undefined], {
    before: linesOf([startEvent()]),
    lookEveryMs: 7,
  });
  expect(steps).toEqual([1]);
  expect(waits).toEqual([7, 7]);
});

it("begins again with a log that was emptied", async () => {
  const { files, clock } = memoryHost();
  const text = linesOf([startEvent(), step(1), endEvent()]);
  await files.makeDirectory("run");
  await writeFile(files, logPath("run"), text);
  expect(await logBytes(files, "run")).toBe(text.length);
  const types: string[] = [];
  for await (const { type } of followLog({ files, clock }, "run", { after: text.length + 1 })) {
    types.push(type);
  }
  expect(types).toEqual(["start", "step", "end"]);
});

it("is empty for a log that is not there", async () => {
  expect(await logBytes(memoryHost().files, "run")).toBe(0);
});
