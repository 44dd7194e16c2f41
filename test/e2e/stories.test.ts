/**
 * A real model from end to end, stories260K: its story as expected.json has it, by a float64 forward
 * pass in NumPy, and training that goes on from its weights and its tokenizer.
 */

import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { completeText, createDecoder } from "../../src/generate/index.ts";
import { cpuRuntime } from "../../src/runtime/node.ts";
import { STORIES, storiesTokenizer } from "../support/stories.ts";
import { folder, runTiny } from "./support.ts";
import { loadModel } from "../support/on-node.ts";

describe.skipIf(!existsSync(STORIES))("stories260K", () => {
  const directory = join(folder, "stories");
  const textFile = join(folder, "story.txt");
  let story = "";
  let maxNewTokens = 0;
  beforeAll(async () => {
    mkdirSync(directory);
    for (const name of ["config.json", "model.safetensors"]) {
      copyFileSync(join(STORIES, name), join(directory, name));
    }
    for (const [name, content] of await storiesTokenizer()) {
      writeFileSync(join(directory, name), content);
    }
    const expected = JSON.parse(readFileSync(join(STORIES, "expected.json"), "utf8"));
    maxNewTokens = expected.greedy_ids.length - 1; // less what begins the text
    story = expected.greedy_text.replaceAll("<0x0A>", "\n").trimStart();
    writeFileSync(textFile, `${story}\n`.repeat(40));
  });

  it("tells its story from the token that begins a text", async () => {
    const runtime = cpuRuntime({ threads: 1 });
    const { model, weights, tokenizer } = await loadModel(runtime, { directory });
    const decoder = createDecoder(model, runtime, weights);
    const [told] = await completeText({ decoder, tokenizer, model }, [""], { maxNewTokens });
    expect(told?.text).toBe(story);
    await decoder.release();
  });

  it("is trained on", async () => {
    const { losses, output } = await runTiny({
      train: textFile,
      model: directory,
      contextLength: 64,
      batchSize: 4,
      steps: 6,
    });
    // Of 512 tokens one is guessed with 6.2 nats; the model knows its own story from the start.
    expect(losses[0]).toBeLessThan(1.5);
    expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0);
    expect(readFileSync(join(output, "tokenizer.json"), "utf8")).toBe(
      readFileSync(join(directory, "tokenizer.json"), "utf8"),
    );
  });
});
