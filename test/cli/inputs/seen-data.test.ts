/** What is said of data before anything is trained, and the options that follow. */

import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { describeData } from "../../../src/cli/inputs/seen-data.ts";
import { optionsFile } from "../../../src/cli/reports/options-page.ts";
import { writeFile } from "../../../src/host/content.ts";
import { memoryHost } from "../../../src/host/in-memory.ts";

async function seen(name: string, content: string) {
  const host = memoryHost();
  await writeFile(host.files, name, content);
  return describeData(host, name);
}

const rows = (make: (i: number) => object): string =>
  Array.from({ length: 30 }, (_, i) => `${JSON.stringify(make(i))}\n`).join("");

describe("data are looked at", () => {
  const text = "a film";
  it.each<readonly [description: string, name: string, content: string]>([
    ["30 texts of 2 classes", "a.jsonl", rows((i) => ({ text, label: i % 2 ? "good" : "bad" }))],
    [
      "30 texts of 3 classes",
      "a.json",
      `[${rows((i) => ({ text, label: i % 3 }))
        .trim()
        .replaceAll("\n", ",")}]`,
    ],
    ["2 texts of 2 classes", "a.csv", "text,label\na,yes\nb,no\n"],
    ["text, 180 characters", "a.jsonl", rows((i) => ({ text, label: `row ${i}` }))],
    ["text, 180 characters", "a.jsonl", rows(() => ({ text, label: "one" }))],
    ["text, 180 characters", "a.jsonl", rows(() => ({ text }))],
    [
      "30 pairs of a prompt and its answer",
      "a.jsonl",
      rows((i) => ({ prompt: "a", completion: "b", label: i % 2 })),
    ],
    ["text, 12 characters", "a.txt", "text\tlabel\n\n"],
  ])("%s in %s", async (description, name, content) => {
    expect(await seen(name, content)).toMatchObject({ description });
  });

  it("texts with classes are classified", async () => {
    const data = await seen("a.csv", "text,label\na,yes\nb,no\n");
    const options = { model: "", template: undefined, method: "flora", epochs: "", output: "o" };
    expect(parse(optionsFile({ ...options, data, train: data.paths }))).toMatchObject({
      task: "classify",
      tooLong: "truncate",
    });
  });
});
