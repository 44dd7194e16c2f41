/** Models for data, against what is counted by hand. */

import { describe, expect, it } from "vitest";
import { bertSizes, gpt2Sizes, sizeModel } from "../../../src/train/choices/size-model.ts";

const SITUATION = { tokens: 1e6, vocabularySize: 2000, minutes: 10, speed: 50e9 };

describe("a model for data", () => {
  it("is as large as there is time for", () => {
    // 9e12 operations; 12 L C² = 786,432 weights at C = 128, L = 4 cost 7.8e6 a token: 1.15e6 tokens, 0.07 of 20 x 786,432
    const { fields } = sizeModel(SITUATION, gpt2Sizes);
    expect(fields).toMatchObject({ n_embd: 64, n_layer: 2, n_head: 2 });
    const faster = sizeModel({ ...SITUATION, speed: 50e12 }, gpt2Sizes);
    expect(faster.fields).toMatchObject({ n_embd: 192, n_layer: 4 });
    const longer = sizeModel({ ...SITUATION, minutes: 10_000 }, gpt2Sizes);
    expect(longer.fields).toEqual(faster.fields);
  });

  it("is a BERT of the same size where text is read", () => {
    expect(sizeModel(SITUATION, bertSizes).fields).toEqual({
      model_type: "bert",
      hidden_size: 64,
      intermediate_size: 256,
      num_hidden_layers: 2,
      num_attention_heads: 2,
      max_position_embeddings: 128,
    });
  });

  it("is no larger than the data can teach", () => {
    const { fields } = sizeModel({ ...SITUATION, minutes: 1e6, tokens: 1e5 }, gpt2Sizes);
    // 12 x 2 x 64² = 98,304 <= 200,000 < 12 x 3 x 96²
    expect(fields).toMatchObject({ n_embd: 64, n_layer: 2 });
  });

  it("sees the data as often as there is time, twenty times at most", () => {
    expect(sizeModel({ ...SITUATION, minutes: 1e6 }, gpt2Sizes).epochs).toBe(20);
    // 9e12 / (8 x 98,304 + 6 x 2000 x 64) = 5.79e6 tokens
    expect(sizeModel(SITUATION, gpt2Sizes).epochs).toBe(5.8);
    expect(sizeModel({ ...SITUATION, tokens: 1e9 }, gpt2Sizes).epochs).toBe(0.0058);
  });
});
