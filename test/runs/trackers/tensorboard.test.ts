/** What stands in the files; test/golden/check_tensorboard.py reads those of a whole run with TensorBoard's reader. */

import { expect, it } from "vitest";
import { readBytes } from "../../../src/host/content.ts";
import { memoryHost } from "../../../src/host/in-memory.ts";
import {
  type Content,
  eventRecord,
  RESTART,
  scalar,
  summary,
  textValue,
  VERSION,
} from "../../../src/runs/trackers/event-file.ts";
import { trackTensorboard } from "../../../src/runs/trackers/tensorboard.ts";
import { OUTPUT, start, step, tell } from "./support.ts";

const DIRECTORY = `${OUTPUT}/tensorboard`;
const SECONDS = 1_767_312_000;

const recordsOf = (...events: readonly (readonly [number, Content])[]): Uint8Array =>
  Buffer.concat(
    events.map(([at, content]) => eventRecord({ seconds: SECONDS, step: at, content })),
  );

const ofStep = (loss: number): Content =>
  summary([
    scalar("train/loss", loss),
    scalar("train/learning_rate", 0.01),
    scalar("train/tokens_per_second", 1000),
  ]);

it("has scalars and texts, and a further file for a run that goes on", async () => {
  const host = memoryHost({ dateMs: SECONDS * 1000 });
  const samples = [{ prompt: "a\n*b*", target: "c", output: "d" }];
  await tell(trackTensorboard(host), [
    start(),
    step(1, 2.5),
    { type: "samples", step: 1, samples, elapsedMs: 1 },
  ]);
  await tell(trackTensorboard(host), [start({ startStep: 1 }, true), step(2, 2)]);
  const names = (await host.files.list(DIRECTORY)).map(({ name }) => name);
  expect(names).toEqual([0, 1].map((i) => `events.out.tfevents.${SECONDS}.flora.${i}`));
  const [first, second] = await Promise.all(
    names.map((name) => readBytes(host.files, `${DIRECTORY}/${name}`)),
  );
  const text = "**prompt**\n\n    a\n    *b*\n\n**answer**\n\n    d\n\n**target**\n\n    c";
  expect(first).toEqual(
    Uint8Array.from(
      recordsOf([0, VERSION], [1, ofStep(2.5)], [1, summary([textValue("eval/samples", text)])]),
    ),
  );
  expect(second).toEqual(Uint8Array.from(recordsOf([0, VERSION], [2, RESTART], [2, ofStep(2)])));
});

it("replaces the files of a run that is replaced", async () => {
  const host = memoryHost();
  for (const loss of [1, 2]) await tell(trackTensorboard(host), [start(), step(1, loss)]);
  expect(await host.files.list(DIRECTORY)).toHaveLength(1);
});
