/** The encoder's batches; what its decoder makes of them is in architectures.test.ts. */

import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { complete, createDecoder } from "../../../src/generate/index.ts";
import { t5 } from "../../../src/models/architectures/t5/t5.ts";
import { float32 } from "../../../src/tensor/host-tensor.ts";
import { elementCount } from "../../../src/tensor/shape.ts";
import { testRuntime } from "../../support/graph.ts";
import { uniforms } from "../support.ts";

const model = t5({
  model_type: "t5",
  vocab_size: 61,
  d_model: 16,
  d_kv: 4,
  d_ff: 20,
  num_layers: 2,
  num_heads: 2,
  decoder_start_token_id: 0,
});
const draw = uniforms(5);
const weights = new Map(
  [...model.params].map(([name, { shape }]) => {
    const numbers = Float32Array.from({ length: elementCount(shape) }, () => 2 * draw() - 1);
    return [name, testRuntime.adopt(float32(shape, numbers))] as const;
  }),
);
const prompt = (length: number) => Int32Array.from({ length }, () => Math.floor(draw() * 61));

describe("prompts that an encoder reads", () => {
  const prompts = [5, 40, 17, 1, 33].map(prompt);
  const options = { maxNewTokens: 12 };

  it("may take several runs, and stand alone or beside others", async () => {
    const answers = [];
    for (const [tokensPerRun, batchSize] of [
      [4096, 5],
      [128, 5],
      [1, 5],
      [4096, 1],
    ] as const) {
      const decoder = createDecoder(model, testRuntime, weights, { tokensPerRun });
      const made = await complete(decoder, prompts, { ...options, batchSize });
      answers.push(made.map((tokens) => [...tokens]));
      await decoder.release();
    }
    const [first, ...others] = answers;
    for (const other of others) expect(other).toEqual(first);
    expect(new Set(first?.map((tokens) => tokens.join())).size).toBe(prompts.length);
  });

  it("may be longer than answers usually are", async () => {
    const decoder = createDecoder(model, testRuntime, weights);
    const [made] = await complete(decoder, [prompt(600)], { maxNewTokens: 3 });
    expect(made).toHaveLength(3);
    expect([decoder.contextLength, decoder.usualLength]).toEqual([Infinity, 512]);
    await decoder.release();
  });

  it.each([
    [[[1], []], "encoder: a prompt has no tokens; got an empty one"],
    [[[61]], "encoder: token must be below 61; got 61"],
  ])("are refused: %j", async (ids, message) => {
    const decoder = createDecoder(model, testRuntime, weights);
    const opened = decoder.open(ids.map((row) => Int32Array.from(row)));
    await expect(opened).rejects.toThrow(new UsageError(message));
  });
});
