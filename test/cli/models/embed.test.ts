/** The command against the library, with a small BERT of drawn weights. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { run } from "../../../src/cli/models/embed.ts";
import { cosineSimilarity, embedTexts } from "../../../src/predict/index.ts";
import { drawnModel, runtime, savedModel } from "../../predict/support.ts";
import { linesOf } from "../predictor.ts";

const loaded = drawnModel({ architectures: ["BertModel"] });
let model: string;
beforeAll(async () => {
  model = await savedModel(loaded);
});

describe("flora embed", () => {
  it("writes the vectors of the lines of a file, of length 1 if wanted", async () => {
    const input = join(model, "texts.txt");
    writeFileSync(input, "hello\nyou\n");
    for (const normalize of [false, true]) {
      const vectors = await embedTexts(loaded, runtime, ["hello", "you"], { normalize });
      const words = ["--model", model, "--input", input, ...(normalize ? ["--normalize"] : [])];
      const lines = await linesOf(run, ...words);
      expect(lines.map((line): unknown => JSON.parse(line))).toEqual(
        ["hello", "you"].map((text, i) => ({ text, vector: Array.from(vectors[i] ?? []) })),
      );
    }
  });

  it("compares two texts", async () => {
    const [a, b] = await embedTexts(loaded, runtime, ["hello", "you"]);
    const cosine = a && b ? cosineSimilarity(a, b) : NaN;
    const words = ["--model", model, "--text", "hello", "--compare", "you"];
    expect(await linesOf(run, ...words)).toEqual([cosine.toFixed(4)]);
  });

  it("refuses a model that does not compare texts", async () => {
    const other = await savedModel(drawnModel({ architectures: ["BertForMaskedLM"] }));
    await expect(run(["--model", other, "--text", "a"])).rejects.toThrow(
      "embed: needs a model for embedding; got one of type bert for masked",
    );
  });
});
