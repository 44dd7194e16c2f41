/** Learning from a teacher: what it says, from a model and from a file, going on, and what is refused. */

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { TrainOptions } from "../../src/options/config.ts";
import { type FinishedRun, folder, largestDifference, runTiny, weightsOf } from "./support.ts";

const text = join(folder, "text.txt");
writeFileSync(text, "The quick brown fox jumps over the lazy dog. ".repeat(60));

const dense: TrainOptions = { method: "dense", optimizer: "adam", learningRate: 0.01 };
let teacher: FinishedRun;
beforeAll(async () => {
  teacher = await runTiny({ ...dense, steps: 12 });
});
const fileOf = ({ output }: FinishedRun) => join(output, "checkpoint", "teacher.safetensors");

it("a model that learns nothing but what it says itself stays what it is", async () => {
  const own: TrainOptions = {
    model: teacher.output,
    method: "dense",
    optimizer: "sgd",
    learningRate: 0.3,
    steps: 2,
  };
  const before = await weightsOf(teacher.output);
  const moved = async (options: TrainOptions) =>
    largestDifference(await weightsOf((await runTiny({ ...own, ...options })).output), before);
  const whole = { teacher: teacher.output, teacherShare: 1, teacherTokens: 1024 };
  // Shares are kept in sixteen bits.
  expect(await moved(whole)).toBeLessThan(0.002 * (await moved({})));
});

describe.each<TrainOptions>([
  {},
  { method: "lora", learningRate: 0.01, optimizer: "adam" },
  { microSteps: 2, teacherShare: 0.8, teacherTokens: 4 },
  { vocabularyChunk: 100, compressEmbeddings: true, labelSmoothing: 0.1 },
  { train: text, contextLength: 24, steps: 30, batchSize: 16 },
])("with %j", (options) => {
  it("goes on with the same bits, and from what was said elsewhere too", async () => {
    const model = options.method === "lora" ? { model: teacher.output } : {};
    const all = { steps: 6, ...options, ...model, teacher: teacher.output };
    const whole = await runTiny(all);
    const plain = await runTiny({ ...all, teacher: undefined });
    expect(whole.losses).not.toEqual(plain.losses);
    expect(existsSync(fileOf(whole))).toBe(true);

    const first = await runTiny(all, (event) => event.type === "step" && event.step === 3);
    const second = await runTiny({ ...all, output: first.output, resume: true });
    expect([...first.losses, ...second.losses]).toEqual(whole.losses);

    const read = await runTiny({ ...all, teacher: fileOf(whole) });
    expect(read.losses).toEqual(whole.losses);
  });
});

it("an encoder-decoder learns from another one", async () => {
  const t5 = { model_type: "t5", d_model: 16, d_ff: 32, d_kv: 8, num_heads: 2, num_layers: 1 };
  const larger = await runTiny({ ...dense, model: { ...t5, d_model: 32 }, steps: 8 });
  const { losses } = await runTiny({ model: t5, teacher: larger.output, steps: 4 });
  expect(losses.every(Number.isFinite)).toBe(true);
});

describe("refuses in a sentence", () => {
  it.each<readonly [string, () => TrainOptions, string]>([
    ["a stream", () => ({ stream: 8 }), "teacher: what is streamed is not known before"],
    [
      "another task",
      () => ({
        model: { model_type: "t5", d_model: 16, d_ff: 32, d_kv: 8, num_heads: 2, num_layers: 1 },
      }),
      "teacher: must be a model for seq2seq; got one for causal",
    ],
    [
      "a context that is too short",
      () => ({
        train: text,
        contextLength: 200,
        model: { n_embd: 16, n_layer: 1, n_head: 2, n_positions: 256 },
      }),
      "teacher: takes at most 128 tokens; got examples of 200",
    ],
    [
      "a file that is none",
      () => ({ teacher: join(folder, "none.safetensors") }),
      "none.safetensors",
    ],
    ["a share above 1", () => ({ teacherShare: 1.5 }), "teacherShare"],
    ["a model that is none", () => ({ teacher: join(folder, "nowhere") }), "nowhere"],
  ])("%s", async (_, options, message) => {
    await expect(runTiny({ teacher: teacher.output, ...options() })).rejects.toThrow(message);
  });

  it("examples that a teacher was not asked about", async () => {
    const asked = await runTiny({ teacher: teacher.output, steps: 1 });
    await expect(runTiny({ teacher: fileOf(asked), prefix: "x" })).rejects.toThrow(
      "teacher: it was not asked about an example of the data",
    );
  });
});
