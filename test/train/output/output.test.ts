/** What a model from disk says of itself is there again when it was trained. */

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { runContext } from "../../../src/cli/inputs/run-context.ts";
import { byteTokenizer } from "../../../src/text/index.ts";
import { parseConfig } from "../../../src/options/config.ts";
import { trainEvents } from "../../../src/train/events.ts";
import { readGolden } from "../../models/golden.ts";

const folder = mkdtempSync(join(tmpdir(), "flora-output-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const text = join(folder, "text.txt");
writeFileSync(text, "\u0001\u0002\u0003\u0004\u0005".repeat(200));

/** The directory of a tiny Llama whose ids fit few bytes. */
async function llamaOf(
  fields: Readonly<Record<string, unknown>>,
  generationConfig?: Readonly<Record<string, unknown>>,
): Promise<string> {
  const { config } = readGolden("llama");
  const scratch = mkdtempSync(join(folder, "scratch-"));
  const { bos_token_id: _, eos_token_id: __, ...rest } = config;
  const model = { ...rest, vocab_size: 257 };
  for await (const _event of trainEvents(
    parseConfig({ train: text, model, steps: 1, contextLength: 16, output: scratch }),
    await runContext({}),
  ));
  const directory = mkdtempSync(join(folder, "model-"));
  cpSync(scratch, directory, { recursive: true });
  const saved = JSON.parse(readFileSync(join(scratch, "config.json"), "utf8"));
  writeFileSync(join(directory, "config.json"), JSON.stringify({ ...saved, ...fields }));
  rmSync(join(directory, "generation_config.json"));
  if (generationConfig) {
    const file = join(directory, "generation_config.json");
    writeFileSync(file, JSON.stringify(generationConfig));
  }
  return directory;
}

async function trained(directory: string) {
  const output = mkdtempSync(join(folder, "trained-"));
  const options = { train: text, model: directory, steps: 1, contextLength: 16, output };
  for await (const _event of trainEvents(parseConfig(options), await runContext({})));
  const read = (name: string): unknown => JSON.parse(readFileSync(join(output, name), "utf8"));
  return { config: read("config.json"), generation: read("generation_config.json") };
}

it("keeps several end tokens, and the whole generation_config.json", async () => {
  const ids = { bos_token_id: 3, eos_token_id: [4, 5] };
  const generation = { ...ids, do_sample: true, temperature: 0.6 };
  const after = await trained(await llamaOf(ids, generation));
  expect(after.config).toMatchObject(ids);
  expect(after.generation).toEqual(generation);
});

it("says where texts begin and end if the model did not", async () => {
  const after = await trained(await llamaOf({ bos_token_id: null, eos_token_id: null }));
  const end = byteTokenizer().endOfText;
  expect(after.config).toMatchObject({ bos_token_id: end, eos_token_id: end });
  expect(after.generation).toMatchObject({ eos_token_id: end, pad_token_id: end });
});
