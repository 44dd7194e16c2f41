/** The command against the library, with a small BERT of drawn weights. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { run } from "../../../src/cli/models/classify.ts";
import { spelledFailure } from "../support.ts";
import { UsageError } from "../../../src/errors.ts";
import { classifyTexts } from "../../../src/predict/index.ts";
import { drawnModel, runtime, savedModel } from "../../predict/support.ts";
import { linesOf } from "../predictor.ts";

const loaded = drawnModel({
  architectures: ["BertForSequenceClassification"],
  id2label: { "0": "no", "1": "yes" },
});
let model: string;
beforeAll(async () => {
  model = await savedModel(loaded);
});

describe("flora classify", () => {
  it("writes the class, its probability and the text", async () => {
    const [found] = await classifyTexts(loaded, runtime, ["hello"]);
    const percent = (100 * (found?.probability ?? NaN)).toFixed(1);
    expect(await linesOf(run, "--model", model, "--text", "hello")).toEqual([
      `${found?.label}\t${percent} %\thello`,
    ]);
  });

  it("writes all probabilities of the lines of a file as JSON, blank lines left out", async () => {
    const input = join(model, "texts.txt");
    writeFileSync(input, "hello\r\n\n  \nyou\n");
    const expected = await classifyTexts(loaded, runtime, ["hello", "you"]);
    const lines = await linesOf(run, "--model", model, "--input", input, "--json");
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual(
      ["hello", "you"].map((text, i) => ({ text, ...expected[i] })),
    );
  });

  it("reads pairs", async () => {
    const [expected] = await classifyTexts(loaded, runtime, [["a", "b"]]);
    const words = ["--model", model, "--text", "a", "--pair", "b", "--json"];
    const [line = ""] = await linesOf(run, ...words);
    expect(JSON.parse(line)).toEqual({ text: "a", pair: "b", ...expected });
  });

  it.each([
    [[], "--text, --input: give one of them"],
    [["--text", "a", "--input", "b.txt"], "--text, --input: give one of them"],
    [["--input", "a.txt", "--pair", "b"], "--pair: needs --text"],
    [["--input", "nowhere.txt"], "data: cannot read nowhere.txt; got no such file"],
    [["--text", "a", "--batch-size", "0"], "--batch-size: must be a whole number above 0; got 0"],
    [["--text", "abcdefghijklmno"], "text 1: the model reads at most 12 tokens; got 17"],
    [["--text", "a", "--labels", "x"], "--labels: no such option"],
  ])("refuses %j in a sentence", async (words, message) => {
    const refused = await spelledFailure(() => run(["--model", model, ...words]));
    expect(refused.message).toBe(message);
  });

  it("needs a model, and one that tells classes apart", async () => {
    expect(await spelledFailure(() => run(["--text", "a"]))).toMatchObject({
      message: "--model: missing",
    });
    const other = await savedModel(drawnModel({ architectures: ["BertModel"] }));
    await expect(run(["--model", other, "--text", "a"])).rejects.toThrow(
      "classify: needs a model for classification; got one of type bert for embedding",
    );
  });

  it("needs a model of images for images", async () => {
    const refused = run(["--model", model, "--image", fileURLToPath(import.meta.url)]);
    await expect(refused).rejects.toThrow(
      new UsageError(`${model}: a model for text, not for images; got the type bert`),
    );
  });

  it("cuts long texts where it is asked to", async () => {
    const words = ["--model", model, "--text", "abcdefghijklmno", "--truncate"];
    expect(await linesOf(run, ...words)).toHaveLength(1);
  });
});
