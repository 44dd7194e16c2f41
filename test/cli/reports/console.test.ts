import { describe, expect, it } from "vitest";
import { createConsole } from "../../../src/cli/reports/console.ts";
import type { TrainEvent } from "../../../src/runs/events.ts";
import { endEvent, startEvent, stepEvent } from "../events.ts";

/** What a run prints into a pipe. */
function print(events: readonly TrainEvent[], words: readonly string[] = []): string {
  const written: string[] = [];
  const write = (text: string) => void written.push(text);
  const output = { write, isTerminal: false, width: 80, color: false } as const;
  const console = createConsole(output, { program: "npx flora", words });
  for (const event of events) console.show(event);
  console.close();
  return written.join("");
}

const translation = {
  type: "translation",
  step: 400,
  bleu: 71.3,
  signature: "",
  rouge: { rouge1: 80, rouge2: 60.5, rougeL: 79.25 },
  count: 1,
  elapsedMs: 1,
  samples: [{ source: "Sie hört's.", prompt: "de: Sie hört's.\n", target: "", output: "" }],
} as const;

it("follows a run from its start to the next commands", () => {
  const text = print([
    startEvent(),
    { type: "micro-step", step: 0, microStep: 1 },
    stepEvent({ step: 1 }),
    {
      type: "evaluation",
      step: 1,
      loss: 2,
      perplexity: 7.389,
      accuracy: 0.5,
      tokens: 10,
      elapsedMs: 5,
    },
    { type: "saved", step: 1, path: "runs/test", what: "model" },
    { type: "saved", step: 1, path: "runs/test", what: "checkpoint" },
    translation,
    endEvent(),
  ]);
  const places = [
    "model      gpt2",
    "total               1.1 GB",
    "step 1/400  loss 1.234",
    "held out at step 1: loss 2.000",
    "checkpoint saved at step 1: runs/test",
    "BLEU 71.3  ROUGE-1/2/L 80.0 / 60.5 / 79.3  (1 held-out pairs",
    "memory             predicted  measured",
    "the model is in runs/test; next:",
  ].map((part) => text.indexOf(part));
  expect(places).not.toContain(-1);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(text.match(/saved at step/g)).toHaveLength(1);
  expect(text).not.toContain("\u001B");
});

describe("what comes next", () => {
  const tail = (text: string) => text.slice(text.lastIndexOf("\n\n") + 2);

  it("offers a prompt like those of the training", () => {
    const text = print([startEvent(), translation, endEvent()]);
    expect(tail(text)).toBe(
      [
        "the model is in runs/test; next:",
        String.raw`  npx flora generate --model runs/test --prompt $'de: Sie hört\'s.\n'`,
        "  npx flora init --train your-data.jsonl",
        "",
      ].join("\n"),
    );
  });

  it.each([
    ["classification", 'classify --model runs/test --text "..."'],
    ["embedding", 'embed --model runs/test --text "..." --compare "..."'],
    ["masked", "train --model runs/test --task classify --train data.tsv"],
  ] as const)("offers what a model for %s is for", (task, command) => {
    const text = print([{ ...startEvent(), task }, endEvent()], ["config.yaml"]);
    expect(tail(text)).toBe(`the model is in runs/test; next:\n  npx flora ${command}\n`);
  });

  it("offers a message where conversations were learned", () => {
    const text = print([{ ...startEvent(), isChat: true }, endEvent()], ["config.yaml"]);
    const command = "npx flora chat --model runs/test";
    expect(tail(text)).toBe(`the model is in runs/test; next:\n  ${command}\n`);
  });

  it("says how to go on after an interruption", () => {
    const words = ["my run.yaml", "--overwrite", "--rank", "4"];
    const text = print([startEvent(), endEvent({ reason: "interrupted", step: 7 })], words);
    expect(tail(text)).toBe(
      [
        "interrupted at step 7 of 400",
        "go on with:",
        "  npx flora train 'my run.yaml' --rank 4 --resume",
        "",
      ].join("\n"),
    );
  });

  it.each([
    [{}, "begin again with a smaller --learning-rate"],
    [
      { checkpointStep: 6 },
      "go on from step 6 at a lower rate:\n" +
        "  npx flora train --rank 4 --resume --resume-learning-rate 0.0005\n" +
        "or begin again with a smaller --learning-rate",
    ],
  ])("says what to try when the loss is not a number, with %o", (left, advice) => {
    const message = "the loss of step 8 is not a number";
    const events = [
      startEvent(),
      stepEvent({ learningRate: 0.005 }),
      endEvent({ reason: "not a number", step: 7, message, ...left }),
    ];
    const words = ["--rank", "4", "--resume", "--resume-learning-rate", "5"];
    expect(tail(print(events, words))).toContain(`stopped at step 7 of 400\n${message}\n${advice}`);
  });
});
