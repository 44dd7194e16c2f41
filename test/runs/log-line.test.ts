import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.ts";
import type { TrainEvent } from "../../src/runs/events.ts";
import { formatLine, LOG_VERSION, parseLine } from "../../src/runs/log-line.ts";
import { endEvent, startEvent, stepEvent } from "../cli/events.ts";

const parameter = {
  name: "wte.weight",
  shape: [2, 3],
  treatment: "dense",
  compressed: false,
  frozen: true,
  weightBytes: 24,
  accumulatorBytes: 0,
  optimizerBytes: 0,
};

/** One of each, with all that they can have. */
const EVENTS = {
  start: { ...startEvent(), drawn: ["head"], task: "masked", parameters: [parameter] },
  step: stepEvent({ gradNorm: 1.5 }),
  evaluation: {
    type: "evaluation",
    step: 1,
    loss: Infinity,
    perplexity: Infinity,
    accuracy: Number.NaN,
    metrics: { margin: -Infinity },
    tokens: 10,
    elapsedMs: 5,
  },
  translation: {
    type: "translation",
    step: 2,
    bleu: 12.5,
    signature: "nrefs:1",
    count: 20,
    rouge: { rouge1: 50.5, rouge2: 20, rougeL: 40 },
    metrics: { exact: 0.5 },
    elapsedMs: 1,
    samples: [{ source: "a", prompt: "a\n", target: "NaN", output: "b" }],
  },
  saved: { type: "saved", step: 3, path: "runs/a", what: "checkpoint" },
  end: endEvent({ reason: "not a number", message: "lost" }),
} as const satisfies Record<string, TrainEvent>;

const parse = (line: string) => parseLine("log.jsonl", line);
const lineOf = (event: TrainEvent) => formatLine(event, new Date(0));
const time = new Date(0).toISOString();

describe("a line", () => {
  it.each(Object.values(EVENTS))("of $type comes back as it was, with its time", (event) => {
    const version = event.type === "start" ? { version: LOG_VERSION } : {};
    expect(parse(lineOf(event))).toEqual({ time, ...version, ...event });
  });

  it.each([
    "",
    "nonsense",
    "[1]",
    "{}",
    '{"type":"other"}',
    '{"type":"toString"}',
    '{"type":"step"}',
  ])("that is no event is none: %s", (line) => {
    expect(parse(line)).toBeUndefined();
  });

  it.each(Object.values(EVENTS))("of $type that was cut off is none", (event) => {
    expect(parse(lineOf(event).slice(0, -1))).toBeUndefined();
  });

  it.each([
    ["step", { loss: "much" }],
    ["step", { loss: null }],
    ["saved", { what: "toString" }],
    ["saved", { path: 1 }],
    ["start", { parameters: {} }],
    ["start", { config: [] }],
    ["start", { parameters: [{ ...parameter, frozen: 1 }] }],
  ] as const)("of %s with %j is none", (type, wrong) => {
    expect(parse(JSON.stringify({ ...EVENTS[type], ...wrong }))).toBeUndefined();
  });
});

describe("an old log", () => {
  const without = (line: string, ...names: readonly string[]) =>
    JSON.stringify(JSON.parse(line), (name, value: unknown) =>
      names.includes(name) ? undefined : value,
    );

  it("has no version, and what it lacks is known", () => {
    const line = without(lineOf(EVENTS.start), "version", "task", "drawn", "frozen");
    expect(parse(line)).toMatchObject({
      task: "causal",
      drawn: [],
      parameters: [{ ...parameter, frozen: false }],
    });
    expect(parse(line)).not.toHaveProperty("version");
  });

  it("has no accuracy, and no ROUGE", () => {
    expect(parse(without(lineOf(EVENTS.evaluation), "accuracy"))).not.toHaveProperty("accuracy");
    const translation = parse(without(lineOf(EVENTS.translation), "rouge", "prompt"));
    expect(translation).toMatchObject({ bleu: 12.5, samples: [{ prompt: "" }] });
    expect(translation).not.toHaveProperty("rouge");
  });
});

it("is refused where a newer version wrote it", () => {
  const newer = JSON.stringify({ type: "start", version: LOG_VERSION + 1, unknown: true });
  const read = () => parseLine("runs/a/log.jsonl", newer);
  expect(read).toThrow(FormatError);
  expect(read).toThrow("runs/a/log.jsonl: a newer flora wrote this log, of version 2; 1 is the");
});
