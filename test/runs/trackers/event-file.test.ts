/** Records byte for byte as TensorBoard's own writer makes them (test/golden/make_tensorboard.py). */

import { expect, it } from "vitest";
import {
  type Content,
  eventRecord,
  RESTART,
  scalar,
  summary,
  textValue,
  VERSION,
} from "../../../src/runs/trackers/event-file.ts";
import golden from "../../golden/tensorboard.json" with { type: "json" };

const { records, text } = golden;
const scalars = summary([
  scalar("train/loss", 2.345),
  scalar("train/learning_rate", 1e-5),
  scalar("eval/loss", Infinity),
]);

const CASES: readonly (readonly [keyof typeof records, number, number, Content])[] = [
  ["version", 1767312000.5, 0, VERSION],
  ["restart", 1767312001.25, 41, RESTART],
  ["scalars", 1767312002.125, 300, scalars],
  ["text", 1767312003, 3_000_000_000, summary([textValue("eval/samples", text)])],
];

it.each(CASES)("writes %s", (name, seconds, step, content) => {
  const record = eventRecord({ seconds, step, content });
  expect(Buffer.from(record).toString("hex")).toBe(records[name]);
});
