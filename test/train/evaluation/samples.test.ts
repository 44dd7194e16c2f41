/** Prompts that are answered while a run goes on: which, when, and where one finds them afterwards. */

import { describe, expect, it } from "vitest";
import { readText, writeFile } from "../../../src/host/content.ts";
import { type MemoryHost, memoryHost } from "../../../src/host/in-memory.ts";
import type { SamplesEvent } from "../../../src/runs/events.ts";
import { train, type TrainRequest } from "../../../src/train/run.ts";
import { sharedRuntime as runtime } from "../../support/shared-runtime.ts";
import { sums, tinyRequest } from "../../support/tiny-request.ts";

const HELD_OUT = sums(40, 8);
const tiny: TrainRequest = {
  ...tinyRequest,
  data: sums(0, 40),
  validation: HELD_OUT,
  samples: 3,
  output: "run",
};

async function answered(host: MemoryHost, request: TrainRequest = {}) {
  const found: SamplesEvent[] = [];
  for await (const event of train({ ...tiny, ...request }, { host, runtime })) {
    if (event.type === "samples") found.push(event);
  }
  return found;
}

describe("the last evaluation of a run", () => {
  it("answers three prompts that were held out, beside the right answers, and logs them", async () => {
    const host = memoryHost();
    const events = await answered(host);
    const last = events.at(-1);
    expect(last?.step).toBe(3);
    const asked = HELD_OUT.map(({ source, target }) => [source, target]);
    expect(last?.samples).toHaveLength(3);
    for (const { prompt, target, output } of last?.samples ?? []) {
      expect(asked).toContainEqual([prompt.trim(), target?.trim()]);
      expect(typeof output).toBe("string");
    }
    const log = (await readText(host.files, "run/log.jsonl")).trim().split("\n");
    const logged = log.map((line) => JSON.parse(line)).filter(({ type }) => type === "samples");
    expect(logged.map(({ samples }) => samples)).toEqual(events.map(({ samples }) => samples));
  });

  it("answers the lines of a file in their place", async () => {
    const host = memoryHost();
    await writeFile(host.files, "prompts.txt", "1 + 1 =\n\n  \n7 + 1 =\r\n");
    const last = (await answered(host, { samplePrompts: "prompts.txt" })).at(-1);
    expect(last?.samples.map(({ prompt, target }) => [prompt.trim(), target])).toEqual([
      ["1 + 1 =", undefined],
      ["7 + 1 =", undefined],
    ]);
  });

  it("answers none if none are wanted", async () => {
    expect(await answered(memoryHost(), { samples: 0 })).toEqual([]);
  });
});

it("a file that is not there is refused before the run", async () => {
  const host = memoryHost();
  await expect(answered(host, { samplePrompts: "nowhere.txt" })).rejects.toMatchObject({
    message: expect.stringMatching(/^samplePrompts: no such file; got nowhere\.txt$/),
    hint: "name a text file that has a prompt on each line",
  });
  expect((await host.files.list("").catch(() => [])).map(({ name }) => name)).not.toContain("run");
});
