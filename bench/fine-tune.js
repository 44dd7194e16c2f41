/**
 * @file `npm run fine-tune`: every architecture from a checkpoint on real data, with the commands that users have: 50 steps of `flora train
 * --model DIR`, and then what the saved model is for.
 *
 *   node bench/fine-tune.js [--data ../shared/data] [--only llama,t5] [--keep DIR]
 *
 * Checkpoints are those of the data folder where it has one; of the other architectures a run from scratch leaves one first. A row fails
 * if the held-out loss does not fall, or a command does.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { digitFolders } from "./data.js";

const { values } = parseArgs({
  options: {
    data: { type: "string", default: "../shared/data" },
    only: { type: "string" },
    keep: { type: "string" },
  },
});
const data = resolve(values.data);
if (!existsSync(data)) {
  console.error(`fine-tune: no data in ${data}; give --data DIR`);
  process.exit(2);
}
const folder = values.keep ?? mkdtempSync(join(tmpdir(), "flora-fine-tune-"));
mkdirSync(folder, { recursive: true });

// Data: as they are, but for what takes long to read.
const shakespeare = join(folder, "shakespeare.txt");
const play = readFileSync(join(data, "tinyshakespeare/input.txt"), "utf8");
writeFileSync(shakespeare, play.slice(0, 200_000));
const held = join(folder, "shakespeare-held-out.txt");
writeFileSync(held, play.slice(-20_000));
const multi30k = ["val.de", "val.en"].map((name) => join(data, "multi30k", name)).join();
const heldPairs = ["test_2016_flickr.de", "test_2016_flickr.en"]
  .map((name) => join(data, "multi30k", name))
  .join();
const cola = join(data, "cola/in_domain_train.tsv");
const heldCola = join(data, "cola/in_domain_dev.tsv");
const digits = await digitFolders(join(folder, "digits"), { train: 60, test: 12 });

const text = ["--train", shakespeare, "--validation", held, "--context-length", "64"];
const pairs = ["--train", multi30k, "--validation", heldPairs, "--too-long", "drop"];
const classes = [
  "--train",
  cola,
  "--validation",
  heldCola,
  "--text-column",
  "4",
  "--label-column",
  "2",
];
const images = ["--train", digits.train, "--validation", digits.test];

const decoder = {
  hidden_size: 64,
  intermediate_size: 128,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 128,
};
const bert = join(data, "checkpoints/tiny_random_BertForSequenceClassification");
const prompt = ["--prompt", "First Citizen:", "--max-new-tokens", "12"];
const german = ["--prompt", "Ein Hund läuft.", "--max-new-tokens", "12"];

/** A checkpoint to start from, or the model from scratch that leaves one; what it learns from, and how it is used. */
const rows = [
  {
    name: "gpt2",
    scratch: { n_embd: 64, n_layer: 2, n_head: 4, n_positions: 128 },
    train: text,
    use: ["generate", ...prompt],
  },
  { name: "llama", scratch: decoder, train: text, use: ["generate", ...prompt] },
  {
    name: "mistral",
    scratch: { ...decoder, sliding_window: 16 },
    train: text,
    use: ["generate", ...prompt],
  },
  { name: "qwen2", scratch: decoder, train: text, use: ["generate", ...prompt] },
  { name: "qwen3", scratch: decoder, train: text, use: ["generate", ...prompt] },
  {
    name: "gemma",
    scratch: { ...decoder, head_dim: 16 },
    train: text,
    use: ["generate", ...prompt],
  },
  {
    name: "gemma2",
    scratch: { ...decoder, head_dim: 16, sliding_window: 16 },
    train: text,
    use: ["generate", ...prompt],
  },
  {
    name: "t5",
    checkpoint: join(data, "checkpoints/tiny_random_T5ForConditionalGeneration"),
    train: pairs,
    use: ["generate", ...german],
  },
  {
    name: "bert, classes",
    checkpoint: bert,
    train: [...classes, "--task", "classify"],
    use: ["classify", "--text", "The dog sleep."],
  },
  {
    name: "bert, hidden tokens",
    checkpoint: bert,
    train: [...text, "--task", "mask"],
    use: undefined,
  },
  {
    name: "bert, vectors",
    checkpoint: bert,
    train: [...pairs, "--task", "embed", "--batch-size", "32"],
    use: ["embed", "--text", "A dog.", "--compare", "Ein Hund."],
  },
  {
    name: "vit",
    scratch: {
      hidden_size: 32,
      intermediate_size: 64,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      image_size: 28,
      patch_size: 7,
      num_channels: 1,
    },
    train: images,
    use: ["classify", "--image", digits.sample],
  },
];

const wanted = values.only?.split(",");
let failed = 0;
console.log("architecture          held-out loss before, after   used");
for (const row of rows) {
  if (wanted && !wanted.includes(row.name)) continue;
  const base = join(folder, `${row.name}-base`);
  const output = join(folder, row.name);
  const common = ["--rank", "8", "--optimizer", "adam", "--translations", "0", "--overwrite"];
  try {
    if (row.scratch) {
      const fields = { model_type: row.name, ...row.scratch };
      const model = Object.entries(fields).flatMap(([key, value]) => [
        `--model.${key}`,
        String(value),
      ]);
      flora(
        "train",
        ...row.train,
        ...model,
        ...common,
        "--steps",
        "20",
        "--learning-rate",
        "0.003",
        "--output",
        base,
      );
    }
    const start = row.checkpoint ?? base;
    flora(
      "train",
      ...row.train,
      "--model",
      start,
      ...common,
      "--steps",
      "50",
      "--learning-rate",
      "0.002",
      "--output",
      output,
    );
    const losses = heldOutLosses(output);
    const used = row.use
      ? flora(...row.use.slice(0, 1), "--model", output, ...row.use.slice(1))
      : "";
    const [before, after] = [losses[0], losses.at(-1)];
    const isBetter = after < before;
    if (!isBetter) failed += 1;
    const numbers = `${before.toFixed(3)}  ${after.toFixed(3)}`;
    const shown = used.replaceAll(/\s+/g, " ").trim().slice(0, 60);
    console.log(
      `${row.name.padEnd(22)}${numbers.padEnd(30)}${isBetter ? shown : "FAILED: the loss did not fall"}`,
    );
  } catch (error) {
    failed += 1;
    console.log(`${row.name.padEnd(22)}FAILED: ${error.message}`);
  }
}
process.exitCode = failed === 0 ? 0 : 1;

/** What a command prints; throws what it says if it fails. */
function flora(...words) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["bin/flora.js", ...words], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr.trim().split("\n").slice(0, 2).join(" "));
  return stdout;
}

/** The held-out losses of a run, from its log. */
function heldOutLosses(output) {
  const lines = readFileSync(join(output, "log.jsonl"), "utf8").trim().split("\n");
  return lines
    .map((line) => JSON.parse(line))
    .filter(({ type }) => type === "evaluation")
    .map(({ loss }) => loss);
}
