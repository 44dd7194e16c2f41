/** Vectors of texts; their numbers are compared with PyTorch in encoder.test.ts. */

import { describe, expect, it } from "vitest";
import { cosineSimilarity, embedTexts } from "../../src/predict/index.ts";
import { drawnModel, runtime } from "./support.ts";

const loaded = drawnModel({ architectures: ["BertModel"] });

describe("embedTexts", () => {
  it("gives a vector a text, of length 1 if wanted", async () => {
    const texts = ["abc", "hello you", "abc"];
    const vectors = await embedTexts(loaded, runtime, texts);
    expect(vectors.map(({ length }) => length)).toEqual([8, 8, 8]);
    expect(vectors[2]).toEqual(vectors[0]);
    expect(vectors[1]).not.toEqual(vectors[0]);
    const units = await embedTexts(loaded, runtime, texts, { normalize: true });
    for (const [i, unit] of units.entries()) {
      expect(Math.hypot(...unit)).toBeCloseTo(1, 5);
      expect(cosineSimilarity(unit, vectors[i] ?? unit)).toBeCloseTo(1, 5);
    }
  });

  it("needs a model that was made for it", async () => {
    const other = drawnModel({ architectures: ["BertForMaskedLM"] });
    await expect(embedTexts(other, runtime, ["a"])).rejects.toThrow(
      "embed: needs a model for embedding; got one of type bert for masked",
    );
  });
});

describe("cosineSimilarity", () => {
  it.each([
    [[1, 0], [5, 0], 1],
    [[1, 1], [-2, -2], -1],
    [[1, 0], [0, 3], 0],
    [[3, 4], [4, 3], 0.96],
  ])("of %j and %j is %d", (a, b, cosine) => {
    expect(cosineSimilarity(Float32Array.from(a), Float32Array.from(b))).toBeCloseTo(cosine, 6);
  });
});
