import { expect, it } from "vitest";
import { memoryHost } from "../../../src/host/in-memory.ts";
import { trackJsonl } from "../../../src/runs/trackers/jsonl.ts";
import { evaluation, linesOf, OUTPUT, start, step, tell } from "./support.ts";

it("has an object for each set of metrics, under the names of W&B", async () => {
  const host = memoryHost({ dateMs: 1_767_312_000_500 });
  await host.files.makeDirectory(OUTPUT);
  const tracker = trackJsonl(host);
  await tell(tracker, [start(), evaluation(0, Number.NaN)]);
  await host.clock.wait(1500);
  await tell(tracker, [step(1, 2.5)]);
  const rows = (await linesOf(host, "metrics.jsonl")).map((line): unknown => JSON.parse(line));
  expect(rows).toEqual([
    {
      _step: 0,
      _timestamp: 1_767_312_000.5,
      _runtime: 0,
      "eval/loss": "NaN",
      "eval/perplexity": 8,
      "eval/accuracy": 0.5,
    },
    {
      _step: 1,
      _timestamp: 1_767_312_002,
      _runtime: 1.5,
      "train/loss": 2.5,
      "train/learning_rate": 0.01,
      "train/tokens_per_second": 1000,
    },
  ]);
});

it("goes on behind the step that the run goes on from", async () => {
  const host = memoryHost();
  await host.files.makeDirectory(OUTPUT);
  await tell(trackJsonl(host), [start(), step(1, 2.5), step(2, 2), step(3, 1.5)]);
  const before = await linesOf(host, "metrics.jsonl");
  await tell(trackJsonl(host), [start({ startStep: 2 }, true), step(3, 1.75)]);
  const after = await linesOf(host, "metrics.jsonl");
  expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
  expect(after).toHaveLength(3);
  expect(after[2]).toContain('"train/loss":1.75');
});
