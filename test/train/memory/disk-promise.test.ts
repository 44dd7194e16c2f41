/** What is promised of a run whose weights lie on disk: memory, the disk, and that nobody is asked for answers. */

import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { memoryHost, type MemoryHost } from "../../../src/host/in-memory.ts";
import { parseConfig } from "../../../src/options/config.ts";
import type { TrainEvent } from "../../../src/runs/events.ts";
import { train, type TrainRequest } from "../../../src/train/run.ts";
import { predictMemory } from "../../../src/train/memory/memory.ts";
import { sharedRuntime as runtime } from "../../support/shared-runtime.ts";
import { tinyRequest } from "../../support/tiny-request.ts";
import { failure } from "../../weights/support.ts";

const start = (request: TrainRequest, host: MemoryHost) =>
  train({ ...tinyRequest, lowMemory: true, output: "run", ...request }, { host, runtime });

describe("the promise", () => {
  it("has one stage of the weights in memory, and all of them on disk", async () => {
    const large = { n_embd: 256, n_layer: 12, n_head: 4, n_positions: 64 };
    const options = { model: large, rank: 4, train: ["unread"] };
    const tableOf = async (lowMemory: boolean) =>
      (await predictMemory(memoryHost().files, parseConfig({ ...options, lowMemory }))).table;
    const weightsOf = ({ rows }: Awaited<ReturnType<typeof tableOf>>) =>
      rows.find(({ name }) => name === "weights")?.predicted ?? 0;
    const [inMemory, onDisk] = [await tableOf(false), await tableOf(true)];
    expect(inMemory.disk).toBeUndefined();
    expect(onDisk.disk).toBeGreaterThanOrEqual(weightsOf(inMemory));
    expect(weightsOf(onDisk)).toBeLessThan(weightsOf(inMemory) / 10);
  });

  it("is kept: what is predicted of the weights is what they took", async () => {
    const events: TrainEvent[] = [];
    for await (const event of start({}, memoryHost())) events.push(event);
    const end = events.find((event) => event.type === "end");
    const weights = end?.memory.rows.find(({ name }) => name === "weights");
    expect(weights?.measured).toBe(weights?.predicted);
  });

  it("is that of a disk with room for weights and what is saved", async () => {
    const message = (freeBytes: number, request: TrainRequest = {}) =>
      failure(start(request, memoryHost({ freeBytes })).result());
    expect(await message(1000)).toMatchObject({
      message: expect.stringMatching(
        /^disk: the run would take \d+ MB, \d+ MB of it for weights and the rest for what it saves; got 0 MB that are free$/,
      ),
      hint: expect.stringContaining("saveEvery no less than steps"),
    });
    expect(await message(1000, { saveEvery: 3 })).toMatchObject({
      hint: "give an output on a larger disk",
    });
  });
});

it("a disk that is full all the same is told in words", async () => {
  const messages: string[] = [];
  for (let failAt = 1; failAt < 40; failAt++) {
    const error = await failure(start({ steps: 1 }, memoryHost({ failAt })).result());
    if (error instanceof UsageError) messages.push(error.message);
  }
  expect(messages).toContainEqual(expect.stringMatching(/^run: cannot write weights: /));
});

describe("answers", () => {
  it("are not asked for, which is said", async () => {
    const request = { samples: 2, translations: 2 };
    const types: string[] = [];
    const notes: string[] = [];
    for await (const event of start(request, memoryHost())) {
      types.push(event.type);
      if (event.type === "start") notes.push(...event.notes);
    }
    expect(types).not.toContain("samples");
    expect(types).not.toContain("translation");
    expect(notes).toContainEqual(expect.stringContaining("no answers are shown"));
  });

  it.each([
    [{ samplePrompts: "prompts.txt" }, "samplePrompts"],
    [{ criterion: "exact", translations: 2 }, 'criterion: "exact"'],
  ])("are refused: %o", async (request, got) => {
    const host = memoryHost({ files: { "prompts.txt": "1 + 1 =" } });
    const error = await failure(start(request, host).result());
    expect(error).toMatchObject({
      message: `lowMemory: answers take all weights at once; got ${got}`,
    });
  });
});
