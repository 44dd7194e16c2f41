import { describe, expect, it } from "vitest";
import {
  endReport,
  evaluationReport,
  startReport,
  translationReport,
} from "../../../src/cli/reports/report.ts";
import type { TrainOptions } from "../../../src/options/config.ts";
import type { ParameterPlan } from "../../../src/engine/plan.ts";
import { createStyle } from "../../../src/cli/terminal/style.ts";
import { endEvent, startEvent } from "../events.ts";

const OPTIONS = { width: 80, style: createStyle(false), task: "causal" } as const;

/** A compressed matrix and a dense one. */
const PLAN: readonly ParameterPlan[] = [
  {
    name: "h.0.attn.c_attn.weight",
    shape: [1000, 1000],
    treatment: "rank 250 of 1000 rows",
    compressed: true,
    frozen: false,
    weightBytes: 4e6,
    accumulatorBytes: 1e6,
    optimizerBytes: 0,
  },
  {
    name: "wte.weight",
    shape: [1000, 250],
    treatment: "dense: embedding",
    compressed: false,
    frozen: false,
    weightBytes: 1e6,
    accumulatorBytes: 1e6,
    optimizerBytes: 0,
  },
];

describe("startReport", () => {
  it("says as what the base of adapters is kept, and where they begin", () => {
    const options = { method: "lora", rank: 8, model: "gpt2/" } as const;
    const told = (own: TrainOptions) => startReport(startEvent({ ...options, ...own }), OPTIONS)[2];
    expect(told({ baseDtype: "q4" })).toBe("method     LoRA, rank 8, alpha 8, base in q4");
    expect(told({ initAdapter: "pissa" })).toBe(
      "method     LoRA, rank 8, alpha 8, from principal components",
    );
  });

  it("says what is trained on what, and how", () => {
    const event = startEvent({
      rank: 32,
      momentum: 0.9,
      microSteps: 4,
      schedule: "cosine",
      model: "gpt2/",
    });
    const rate = { learningRate: 0.005, warmupSteps: 1000 };
    const told = { ...event, ...rate, parameters: PLAN, startStep: 100 };
    expect(startReport(told, OPTIONS).slice(0, 8)).toEqual([
      "model      gpt2, 124,439,808 parameters, from gpt2/",
      "data       28,000 pairs, 1,000 held out",
      "method     FLORA, rank 32, orthonormal projections, momentum 0.9",
      "gradients  80.0 % compressed, 4.0 MB -> 1.0 MB; dense: 1.0 MB",
      "optimizer  adafactor, rate 5.0e-3, cosine after 1,000 steps of warm-up",
      "steps      400, of 8 sequences x 4 micro-steps; 100 are done",
      "time       about 1 min 35 s, evaluations aside, on cpu",
      "output     runs/test",
    ]);
  });

  it("says why it is WebAssembly where nobody asked for it", () => {
    const told = { ...startEvent({ device: "auto" }), device: "wasm" };
    expect(startReport(told, OPTIONS).join("\n")).toContain(
      "evaluations aside, on wasm: no native kernels here\n",
    );
    const asked = { ...startEvent({ device: "wasm" }), device: "wasm" };
    expect(startReport(asked, OPTIONS).join("\n")).toContain("evaluations aside, on wasm\n");
  });

  it("fits a screen of 80 x 24, below the command and above the next line", () => {
    const notes = [
      "sized for 2,731 tokens, 10 minutes and this machine (71 GFLOP/s); a model that has learned something needs far less data",
      "2 conversations are longer than the context of 64 tokens and are left out",
    ];
    const layers = Array.from({ length: 32 }, (_, layer) =>
      PLAN.map((param) => ({ ...param, name: `model.layers.${layer}.${param.name}` })),
    ).flat();
    // What preferences are called is longer; they come with a model, and without the first note.
    const data = "28,000 preferences, 1,000 held out; columns prompt -> chosen over rejected";
    for (const told of [{ notes }, { data, notes: notes.slice(1) }]) {
      const lines = startReport({ ...startEvent(), ...told, parameters: layers }, OPTIONS);
      expect(lines.length).toBeLessThanOrEqual(24 - 2);
      expect(lines.every((line) => line.length <= 80)).toBe(true);
    }
  });

  it("says less where there is less to say", () => {
    const lines = startReport({ ...startEvent({ method: "dense" }), warmupSteps: 0 }, OPTIONS);
    expect(lines).toContain("method     dense");
    expect(lines).toContain("optimizer  adafactor, rate 2.0e-2, cosine");
    expect(startReport({ ...startEvent(), warmupSteps: 1 }, OPTIONS)).toContain(
      "optimizer  adafactor, rate 2.0e-2, cosine after 1 step of warm-up",
    );
    expect(lines).toContain("steps      400, of 8 sequences");
    expect(lines).toContain("  total               1.1 GB");
  });

  it("names what a checkpoint lacked, and what batches are made of", () => {
    const drawn = ["classifier.weight", "classifier.bias"];
    const event = startEvent({ model: "bert/" });
    const lines = startReport({ ...event, task: "classification", drawn }, OPTIONS);
    expect(lines[1]).toBe("           drawn, as it has none: classifier.weight, classifier.bias");
    expect(lines).toContain("steps      400, of 8 texts");
  });

  it("breaks a long list of what a checkpoint lacked", () => {
    const drawn = Array.from({ length: 6 }, (_, i) => `cls.predictions.transform.${i}.weight`);
    const lines = startReport({ ...startEvent(), drawn }, OPTIONS);
    expect(lines.filter((line) => line.includes("cls."))).not.toHaveLength(1);
    expect(lines.every((line) => line.length <= OPTIONS.width)).toBe(true);
  });
});

it("puts an evaluation into a line", () => {
  const event = {
    type: "evaluation",
    step: 40,
    loss: 1.5,
    accuracy: 0.5,
    tokens: 2015,
    elapsedMs: 25,
  } as const;
  const texts = [
    ["causal", "perplexity 4.48  (2,015 tokens in 25 ms)"],
    ["masked", "perplexity 4.48  accuracy 50.0 %  (2,015 hidden tokens in 25 ms)"],
    ["classification", "accuracy 50.0 %  (2,015 texts in 25 ms)"],
    ["embedding", "found in the batch 50.0 %  (2,015 pairs in 25 ms)"],
  ] as const;
  for (const [task, text] of texts) {
    expect(
      evaluationReport({ ...event, perplexity: 4.4817 }, { ...OPTIONS, width: 100, task }),
    ).toEqual([`held out at step 40: loss 1.500  ${text}`]);
  }
  expect(evaluationReport({ ...event, perplexity: 12_345.6 }, OPTIONS)[0]).toContain(
    "perplexity 12,346",
  );
});

it("breaks an evaluation of preferences between its measures", () => {
  const metrics = {
    "rewards/chosen": 0.04912,
    "rewards/rejected": -0.00186,
    "rewards/margins": 0.051,
    "rewards/accuracies": 1,
  };
  const event = {
    type: "evaluation",
    step: 40,
    loss: 0.668,
    perplexity: 2,
    accuracy: 1,
    metrics,
    tokens: 12,
    elapsedMs: 25,
  } as const;
  const lines = [
    "held out at step 40: loss 0.668  rewards/chosen 0.0491",
    "  rewards/rejected -0.00186  rewards/margins 0.0510  rewards/accuracies 1.00",
    "  (12 preferences in 25 ms)",
  ];
  const wide = { width: 200, style: createStyle(false), task: "preference" } as const;
  expect(evaluationReport(event, { ...wide, width: 80 })).toEqual(lines);
  expect(evaluationReport(event, wide)).toEqual([lines.map((line) => line.trim()).join("  ")]);
  const coloured = evaluationReport(event, { ...wide, width: 80, style: createStyle(true) });
  // eslint-disable-next-line no-control-regex
  expect(coloured.map((line) => line.replaceAll(/\u001B\[\d*m/g, ""))).toEqual(lines);
});

it("shows translations in aligned lines, right ones in green, then BLEU and ROUGE", () => {
  const event = {
    type: "translation",
    step: 400,
    bleu: 71.34,
    signature: "nrefs:1",
    rouge: { rouge1: 82.14, rouge2: 63.47, rougeL: 80.96 },
    count: 200,
    elapsedMs: 4200,
    samples: [
      { source: "Wir singen.", prompt: "", target: "We sing.", output: "We sing." },
      {
        source: "Er\tschläft.",
        prompt: "",
        target: "He sleeps.",
        output: `He ${"very ".repeat(30)}`,
      },
      { source: "Ja.", prompt: "", target: "Yes.", output: "" },
    ],
  } as const;
  expect(translationReport(event, OPTIONS).join("\n")).toBe(
    `
  source    Wir singen.
  expected  We sing.
  got       We sing.

  source    Er schläft.
  expected  He sleeps.
  got       He very very very very very very very very very very very very ver…

  source    Ja.
  expected  Yes.
  got       (nothing)

BLEU 71.3  ROUGE-1/2/L 82.1 / 63.5 / 81.0  (200 held-out pairs in 4.2 s)
  nrefs:1`.slice(1),
  );
  const colored = translationReport(event, { width: 80, style: createStyle(true) });
  expect(colored.filter((line) => line.startsWith("\u001B[32m"))).toHaveLength(1);
});

describe("endReport", () => {
  const losses = Array.from({ length: 400 }, (_, i) => ({ step: i + 1, loss: 5 / (i + 1) }));

  it("shows the curve, the memory and where the time went", () => {
    const history = { steps: losses, evaluations: [{ step: 400, loss: 0.02, accuracy: 0.5 }] };
    const lines = endReport(endEvent(), history, { ...OPTIONS, color: false });
    expect(lines.join("\n")).toContain("training loss (smoothed)   ● held-out loss");
    expect(lines).toContain("  total (peak)        1.1 GB    1.1 GB     +2.6 %");
    expect(lines.at(-1)).toBe(
      "400 steps in 1 min 42 s; projections 3.1 % of it, outside onnxruntime 1.2 %",
    );
    expect(lines.every((line) => line.length <= 80)).toBe(true);
    expect(lines.join("\n")).not.toContain(" in %");
  });

  it("shows the curve of the accuracy too, where the task has one", () => {
    const evaluations = [0, 200, 400].map((step) => ({ step, loss: 1, accuracy: step / 500 }));
    const options = { ...OPTIONS, task: "embedding", color: false } as const;
    const text = endReport(endEvent(), { steps: losses, evaluations }, options).join("\n");
    expect(text).toContain("held out, found in the batch in %");
    expect(text).toMatch(/^80\.0 ┤/m);
  });

  it.each([
    [
      {
        first: { step: 0, loss: 2.5 },
        best: { step: 200, loss: 1.5 },
        last: { step: 400, loss: 1.75 },
      },
      ["held-out loss 2.500 (before) -> 1.500 (best, step 200, kept) -> 1.750 (last,", "step 400)"],
    ],
    [
      {
        first: { step: 0, loss: 2.5 },
        best: { step: 400, loss: 1.5 },
        last: { step: 400, loss: 1.5 },
      },
      ["held-out loss 2.500 (before) -> 1.500 (last and best, step 400)"],
    ],
    [
      {
        first: { step: 0, loss: 1.8 },
        best: { step: 200, loss: 2.9 },
        last: { step: 400, loss: 3.1 },
      },
      [
        "held-out loss 1.800 (before) -> 2.900 (best, step 200, kept) -> 3.100 (last,",
        "step 400)",
        "worse than it began: no evaluation was better than the model before it",
      ],
    ],
  ])("ends with what was reached, and says it where that is worse: %j", (heldOut, expected) => {
    const event = endEvent({ heldOut, keptStep: 200 });
    const history = { steps: losses, evaluations: [] };
    const lines = endReport(event, history, { ...OPTIONS, color: false });
    expect(lines.slice(-expected.length)).toEqual(expected);
  });

  it("does without a curve where no step was done", () => {
    const event = endEvent({ step: 0, projectionShare: Number.NaN });
    const lines = endReport(event, { steps: [], evaluations: [] }, { ...OPTIONS, color: false });
    expect(lines[0]).toBe("memory             predicted  measured  deviation");
    expect(lines.at(-1)).toContain("projections - of it");
  });
});
