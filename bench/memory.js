/**
 * @file The part of `npm run bench` about memory as it was predicted and as it was measured, over twenty-one configurations, each three runs
 * in processes of their own, of which the median is shown. A row fails where the peak deviates by more than a tenth, or tensors by more
 * than a hundredth.
 *
 *   node bench/memory.js [--only flora,t5] [--json]
 *
 * Data are the built-in grammar, or a text that repeats itself.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** Of each configuration; odd. */
const RUNS = 3;

const { values } = parseArgs({
  options: { only: { type: "string" }, json: { type: "boolean", default: false } },
});
const folder = mkdtempSync(join(tmpdir(), "flora-memory-"));
const text = join(folder, "text.txt");
writeFileSync(text, "the quick brown fox jumps over the lazy dog and the cat. ".repeat(4000));
const labelled = join(folder, "labelled.tsv");
writeFileSync(labelled, "yes\tThe dog sleeps in the garden.\nno\tThe dog sleep.\n".repeat(100));

const onText = `--train ${text} --context-length 128 --batch-size 4`;
const gpt2 = (width, layers, heads) =>
  `${onText} --model.n_positions 128 --model.n_embd ${width} --model.n_layer ${layers} --model.n_head ${heads}`;
const small = gpt2(256, 4, 4);
const middle = gpt2(512, 6, 8);
const llama =
  `${onText} --model.model_type llama --model.hidden_size 256 --model.intermediate_size 704` +
  " --model.num_hidden_layers 4 --model.num_attention_heads 8 --model.num_key_value_heads 4";
const bert =
  `--task classify --train ${labelled} --label-column 1 --text-column 2 --model.model_type bert` +
  " --model.hidden_size 128 --model.num_hidden_layers 2 --model.num_attention_heads 4" +
  " --model.intermediate_size 256 --learning-rate 0.005";

/** Options by name; they hold no white space. */
const rows = {
  "the demonstration": "--steps 150",
  "small dense adamw": `${small} --method dense --optimizer adamw`,
  "small flora": `${small} --rank 32`,
  "small flora, 4 micro-steps": `${small} --rank 32 --micro-steps 4`,
  "small flora, momentum": `${small} --rank 32 --momentum 0.9`,
  "small flora, kept products": `${small} --rank 32 --recompute cheap`,
  "small, compressed moments": `${small} --rank 32 --compress-moments --optimizer adam`,
  "small, int8 accumulators": `${small} --accumulator-dtype int8 --micro-steps 4`,
  "small lora": `${small} --method lora --optimizer adam`,
  "small relora": `${small} --method relora --optimizer adam --merge-every 3`,
  "small bfloat16": `${small} --weight-dtype bfloat16`,
  "small bfloat16 master": `${small} --weight-dtype bfloat16 --weight-update master`,
  "middle dense adamw": `${middle} --method dense --optimizer adamw`,
  "middle flora": `${middle} --rank 64`,
  "middle flora, clipped": `${middle} --rank 64 --max-grad-norm 1 --micro-steps 2`,
  "middle lora-fa, all kept": `${middle} --method lora-fa --optimizer adam --recompute none`,
  "llama flora": `${llama} --rank 32`,
  "llama, vocabulary of 16,000": `${llama} --model.vocab_size 16000 --rank 32`,
  "wide flora, large vocabulary":
    `--train ${text} --context-length 512 --batch-size 4 --model.n_positions 512 --model.n_embd 768` +
    " --model.n_layer 4 --model.n_head 12 --model.vocab_size 32000 --rank 96 --steps 3",
  "t5 dense": "--steps 80 --model.model_type t5 --model.d_model 128 --model.d_ff 256",
  "bert classes": bert,
};

const program = fileURLToPath(new URL("../bin/flora.js", import.meta.url));
const chosen = Object.entries(rows).filter(
  ([name]) => !values.only || values.only.split(",").some((part) => name.includes(part)),
);
const say = (line) => {
  if (!values.json) console.log(line);
};
let failed = 0;
const configurations = [];
say(`${"configuration".padEnd(32)}predicted  measured  deviation   tensors`);
for (const [name, options] of chosen) {
  let runs;
  try {
    runs = Array.from({ length: RUNS }, () => runOf(options));
  } catch (error) {
    failed += 1;
    configurations.push({ name, isGood: false, error: error.message });
    say(`${name.padEnd(32)}failed: ${error.message}`);
    continue;
  }
  // When V8 collects depends on what else the machine does.
  const { predicted, measured, tensors } = runs.toSorted((a, b) => a.measured - b.measured)[
    (RUNS - 1) / 2
  ];
  const deviation = predicted / measured - 1;
  const isGood = Math.abs(deviation) <= 0.1 && Math.abs(tensors) <= 0.01;
  if (!isGood) failed += 1;
  const cells = [megabytes(predicted), megabytes(measured), percent(deviation), percent(tensors)];
  configurations.push({ name, predicted, measured, deviation, tensors, isGood });
  say(name.padEnd(32) + cells.map((cell) => cell.padStart(10)).join("") + (isGood ? "" : "  *"));
}
rmSync(folder, { recursive: true, force: true });
say(`\n${chosen.length} configurations, of which ${failed} failed`);
if (values.json) console.log(JSON.stringify({ configurations }));
else process.exitCode = failed === 0 ? 0 : 1;

/** The memory of one run in a process of its own. */
function runOf(options) {
  const output = join(folder, "run");
  const command = `train --translations 0 --evaluation-batches 4 --overwrite --output ${output}`;
  const steps = options.includes("--steps") ? "" : " --steps 12";
  const words = `${command}${steps} ${options}`.trim().split(" ");
  const { status, stderr } = spawnSync(process.execPath, [program, ...words], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr.trim().split("\n").at(-1));
  return memoryOf(join(output, "log.jsonl"));
}

/** The memory table of the end of a run, in bytes; tensors are the rows that are measured one by one. */
function memoryOf(log) {
  const events = readFileSync(log, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const { memory } = events.findLast(({ type }) => type === "end");
  const known = memory.rows.filter((row) => row.measured !== undefined);
  const sum = (key) => known.reduce((bytes, row) => bytes + row[key], 0);
  return {
    predicted: memory.predictedTotal,
    measured: memory.measuredTotal,
    tensors: sum("predicted") / sum("measured") - 1,
  };
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}
