/** The classes of texts; their numbers are compared with transformers in encoder.test.ts. */

import { describe, expect, it } from "vitest";
import { classifyTexts } from "../../src/predict/index.ts";
import { readTensor } from "../../src/runtime/runtime.ts";
import { bfloat16ToFloat32, float32ToBfloat16 } from "../../src/tensor/half.ts";
import { asFloat32, float32, type HostTensor, hostTensor } from "../../src/tensor/host-tensor.ts";
import { drawnModel, runtime } from "./support.ts";

const loaded = drawnModel({
  architectures: ["BertForSequenceClassification"],
  id2label: { "0": "no", "1": "yes", "2": "maybe" },
});
const texts = ["abc", "x", "hello you", "!", "abc"];

describe("classifyTexts", () => {
  it("gives every text its likeliest class, in order", async () => {
    const classified = await classifyTexts(loaded, runtime, texts, { batchSize: 2 });
    expect(classified).toHaveLength(5);
    expect(classified[4]).toEqual(classified[0]);
    for (const { label, probability, probabilities } of classified) {
      expect(Object.keys(probabilities)).toEqual(["no", "yes", "maybe"]);
      const all = Object.values(probabilities);
      expect(all.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
      expect(probability).toBe(Math.max(...all));
      expect(probabilities[label]).toBe(probability);
    }
    const labels = new Set(classified.map(({ probabilities }) => JSON.stringify(probabilities)));
    expect(labels.size).toBe(4);
  });

  it("reads pairs, of which the order counts", async () => {
    const [ab, ba, joined] = await classifyTexts(loaded, runtime, [["a", "b"], ["b", "a"], "a b"]);
    expect(ab).not.toEqual(ba);
    expect(ab).not.toEqual(joined);
  });

  it("cuts the ends of long texts where it may, of both texts of a pair", async () => {
    const long = "abcdefghijklmnop";
    await expect(classifyTexts(loaded, runtime, ["a", long])).rejects.toMatchObject({
      message: "text 2: the model reads at most 12 tokens; got 18",
      hint: "cut its end with truncate",
    });
    const cut = [long.slice(0, 10), long];
    const [fits, truncated] = await classifyTexts(loaded, runtime, cut, { truncate: true });
    expect(truncated).toEqual(fits);
    const pairs = [
      ["abcd", "xyz"],
      ["abcd", "xyz".repeat(9)],
    ] as const;
    const [short, other] = await classifyTexts(loaded, runtime, pairs, { truncate: true });
    expect(other).not.toEqual(short);
  });

  it("reads weights that rest in sixteen bits", async () => {
    const rounded = await Promise.all(
      [...loaded.weights].map(async ([name, buffer]) => {
        const bits = float32ToBfloat16(asFloat32(await readTensor(buffer)));
        const wide = float32(buffer.shape, bfloat16ToFloat32(bits));
        return [name, hostTensor("bfloat16", buffer.shape, bits), wide] as const;
      }),
    );
    const adopt = (tensors: readonly (readonly [string, HostTensor])[]) => ({
      ...loaded,
      weights: new Map(tensors.map(([name, tensor]) => [name, runtime.adopt(tensor)])),
    });
    const halves = adopt(rounded.map(([name, half]) => [name, half]));
    const same = adopt(rounded.map(([name, , wide]) => [name, wide]));
    const expected = await classifyTexts(same, runtime, texts);
    expect(await classifyTexts(halves, runtime, texts)).toEqual(expected);
  });

  it("needs a classifier", async () => {
    const other = drawnModel({ architectures: ["BertModel"] });
    await expect(classifyTexts(other, runtime, texts)).rejects.toMatchObject({
      message: "classify: needs a model for classification; got one of type bert for embedding",
      hint: "flora embed is for it",
    });
  });
});
