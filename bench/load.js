/**
 * @file `npm run bench -- load`: what stands between a command and its first step.
 *
 *   node bench/main.js load [--model DIR] [--rounds 9]
 *
 * Conversations of 400 answers become tokens, in the manner of the templates in test/golden/chat_fields.json; and, of a directory that
 * flora wrote, the weights are read and a first token is generated, in turn with the checksums of the file and without.
 */

import { spawnSync } from "node:child_process";
import { cp, mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { nodeHost } from "../dist/host/node.js";
import { modelFromConfig } from "../dist/models/architectures/registry.js";
import { byteTokenizer, createChat, loadTokenizer } from "../dist/text/index.js";
import { loadWeights, readConfig } from "../dist/weights/index.js";

const { values: options } = parseArgs({
  options: { model: { type: "string" }, rounds: { type: "string", default: "9" } },
});
const rounds = Number(options.rounds);
const { files } = nodeHost();

const tokenizer = options.model ? await loadTokenizer(files, options.model) : byteTokenizer();
process.stdout.write(`\n400 answers of 37 words as tokens (${tokenizer.name}), ms\n`);
const golden = new URL("../test/golden/chat_fields.json", import.meta.url);
const { templates } = JSON.parse(await readFile(golden, "utf8"));
for (const { name, template } of templates) {
  const config = { bos_token: "<s>", eos_token: "</s>", chat_template: template };
  const { encode } = createChat({
    ...tokenizer,
    files: new Map([["tokenizer_config.json", JSON.stringify(config)]]),
  });
  const messages = Array.from({ length: 800 }, (_, i) => ({
    role: i % 2 === 0 ? "user" : "assistant",
    content: Array.from({ length: 37 }, (__, k) => `word${(i + 7 * k) % 97}`).join(" "),
  }));
  const times = await inTurn([() => encode(messages)]);
  row(name, ...times.map(medianOf));
}

if (options.model) {
  const folder = await mkdtemp(join(tmpdir(), "flora-load-"));
  try {
    const plain = join(folder, "plain");
    await copyWithoutSums(options.model, plain);
    const both = [options.model, plain];
    process.stdout.write("\nms, medians               with checksums, without, ratio\n");
    row("weights from the cache", ...withRatio(await inTurn(both.map(reading))));
    row("generate, first token", ...withRatio(await inTurn(both.map(generating))));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Milliseconds of each, which alternate, after a first round that does not count. */
async function inTurn(all) {
  const times = all.map(() => []);
  for (let round = -1; round < rounds; round += 1) {
    for (const [i, each] of all.entries()) {
      const start = performance.now();
      await each();
      if (round >= 0) times[i].push(performance.now() - start);
    }
  }
  return times;
}

function reading(directory) {
  return async () => {
    const { params, checkpoint } = modelFromConfig(await readConfig(files, directory));
    const shapes = new Map([...params].map(([name, { shape }]) => [name, shape]));
    await loadWeights(files, directory, shapes, checkpoint);
  };
}

function generating(directory) {
  const program = fileURLToPath(new URL("../bin/flora.js", import.meta.url));
  const args = ["generate", "--model", directory, "--prompt", "Hello", "--max-new-tokens", "1"];
  return () => {
    const { status, stderr } = spawnSync(process.execPath, [program, ...args]);
    if (status !== 0) throw new Error(String(stderr));
  };
}

/** The same directory, but for the checksums in the header of its weights. */
async function copyWithoutSums(from, to) {
  await cp(from, to, { recursive: true });
  const path = join(to, "model.safetensors");
  const whole = await readFile(path);
  const length = Number(whole.readBigUInt64LE(0));
  const header = JSON.parse(whole.toString("utf8", 8, 8 + length));
  header.__metadata__ = { format: "pt" };
  // As long as it was, so that the tensors stay where they are.
  const text = Buffer.from(JSON.stringify(header).padEnd(length));
  const file = await open(path, "r+");
  await file.write(text, 0, text.length, 8);
  await file.close();
}

function medianOf(times) {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function withRatio(times) {
  const [sums, none] = times.map(medianOf);
  return [sums, none, sums / none];
}

function row(name, ...numbers) {
  const cells = numbers.map((each) => (each < 10 ? each.toFixed(3) : each.toFixed(0)).padStart(8));
  process.stdout.write(`${name.padEnd(26)}${cells.join("")}\n`);
}
