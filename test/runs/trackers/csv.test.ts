import { expect, it } from "vitest";
import { writeFile } from "../../../src/host/content.ts";
import { memoryHost } from "../../../src/host/in-memory.ts";
import { trackCsv } from "../../../src/runs/trackers/csv.ts";
import { evaluation, linesOf, OUTPUT, start, step, tell } from "./support.ts";

const TIME = "2026-01-02T00:00:00.000Z";
const host = () => memoryHost({ dateMs: Date.parse(TIME) });

it("has a row for each set of metrics, and a column for each metric", async () => {
  const own = host();
  const { files } = own;
  await files.makeDirectory(OUTPUT);
  await tell(trackCsv(own), [start(), evaluation(0, 3), step(1, 2.5)]);
  expect(await linesOf(own, "metrics.csv")).toEqual([
    "step,timestamp,eval/loss,eval/perplexity,eval/accuracy,train/loss,train/learning_rate,train/tokens_per_second",
    `0,${TIME},3,8,0.5,,,`,
    `1,${TIME},,,,2.5,0.01,1000`,
  ]);
});

it("goes on with the columns there are, behind the step that the run goes on from", async () => {
  const own = host();
  await own.files.makeDirectory(OUTPUT);
  await tell(trackCsv(own), [start(), step(1, 2.5), step(2, 2), step(3, 1.5)]);
  const before = await linesOf(own, "metrics.csv");
  await writeFile(own.files, `${OUTPUT}/metrics.csv`, `${before.join("\n")}\n4,20`); // cut off
  await tell(trackCsv(own), [start({ startStep: 2 }, true), step(3, 1.75)]);
  expect(await linesOf(own, "metrics.csv")).toEqual([
    ...before.slice(0, 3),
    `3,${TIME},1.75,0.01,1000`,
  ]);
  await tell(trackCsv(own), [start()]);
  expect(await linesOf(own, "metrics.csv")).toEqual(["step,timestamp"]);
});

it("has metrics whose names would need quotes", async () => {
  const own = host();
  await own.files.makeDirectory(OUTPUT);
  const event = { ...evaluation(1, 2), metrics: { 'a,"b"': 1 } };
  await tell(trackCsv(own), [start(), event]);
  expect(await linesOf(own, "metrics.csv")).toEqual([
    "step,timestamp,eval/a__b_,eval/loss,eval/perplexity,eval/accuracy",
    `1,${TIME},1,2,8,0.5`,
  ]);
});
