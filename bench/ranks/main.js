/**
 * @file `npm run bench -- ranks`: what ranks exchange in a step, and how long it takes.
 *
 *   node bench/main.js ranks [--json] [--steps 12] [--no-runs] [--link 20mbit] [--overlap 2gbit] [--rounds 7]
 *                             [--text FILE] [--read FILE --tokenizer DIR]
 *
 * Bytes are counted from the plans of models of 124 M, 1.1 B and 6.7 B parameters: each rank sends 2 (N - 1) / N of the elements of its
 * accumulators, in float32. Seconds over links of 10 Gbit, 1 Gbit and 100 Mbit are bytes by bandwidth. Then a small GPT-2 learns the same
 * micro-batches with 1, 2 and 4 ranks, which `mpirun` of Open MPI starts on this machine: its seconds a step say nothing of machines of
 * their own where ranks share cores; its held-out losses are to be equal. A smaller one learns
 * a text (of the built-in grammar, or `--text`) with sums in fewer bits, and with fewer meetings. `--link` (Linux, root) measures one sum over a link of that rate
 * beside its bytes: two ranks in a network of their own, whose loopback `tc` makes that slow for both together. `--overlap` trains over such
 * a link with sums that are begun during the backward pass, and with sums that wait for its end, in turn. `--read` says what a rank
 * reads, encodes and holds of a file.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { grammarPairs } from "../../dist/data/index.js";
import { exchanged, LINKS, METHODS, RANKS } from "./bytes.js";
import { environment, overLink } from "./link.js";
import { heldOutLoss as lossOf, inFewerBits, meetings, trained } from "./runs.js";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    steps: { type: "string", default: "12" },
    "no-runs": { type: "boolean", default: false },
    link: { type: "string" },
    overlap: { type: "string" },
    rounds: { type: "string", default: "7" },
    read: { type: "string" },
    tokenizer: { type: "string" },
    text: { type: "string" },
  },
});

/** Of a step of the runs, over all ranks. */
const MICRO_STEPS = 8;

/** Megabytes that a rank sends with one other in the measured sum. */
const LINK_MB = 12.5;

const SUM = `
  const { joinMpi } = await import(process.argv[1]);
  const ranks = await joinMpi(process.env);
  const arrays = [new Float32Array(${LINK_MB * 1e6} / 4).fill(1)];
  ranks.sum(arrays).wait();
  const start = performance.now();
  ranks.sum(arrays).wait();
  ranks.gather([0]);
  if (ranks.rank === 0) process.stdout.write(JSON.stringify({ seconds: (performance.now() - start) / 1000 }));
  ranks.close();
`;

const link = options.link === undefined ? undefined : sumOverLink(options.link);
const overlap = options.overlap === undefined ? [] : overlapOver(options.overlap);
const reading = options.read === undefined ? [] : RANKS.map(readBy);
const { runs, bits, met } = options["no-runs"] ? { runs: [], bits: [], met: [] } : measured();

function measured() {
  const folder = mkdtempSync(join(tmpdir(), "flora-ranks-"));
  try {
    const text = join(folder, "text.txt");
    writeFileSync(text, lines(4000).join("\n"));
    const methods = METHODS.filter(([name]) => name !== "flora 128");
    const small = options.text ?? text;
    return {
      runs: methods.flatMap(([, given]) =>
        RANKS.map((ranks) =>
          learned(ranks, { ...given, rank: given.method === "flora" ? 16 : 8 }, text, folder),
        ),
      ),
      bits: inFewerBits(small, folder),
      met: meetings(small, folder),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function lines(count) {
  const found = [];
  for (const { source, target } of grammarPairs(0)) {
    found.push(`${source} ${target}`);
    if (found.length === count) break;
  }
  return found;
}

function learned(ranks, { method, rank }, text, folder) {
  const events = trained(
    ranks,
    `--train ${text} --method ${method} --rank ${rank} --model.n_embd 128 --model.n_layer 4 --model.n_head 4 ` +
      `--context-length 128 --batch-size 2 --micro-steps ${MICRO_STEPS / ranks} --steps ${options.steps} ` +
      `--evaluation-batches 8 --evaluate-every ${options.steps}`,
    join(folder, `${method}-${ranks}`),
  );
  const steps = events.filter(({ type }) => type === "step");
  const seconds = steps.map(({ tokens, tokensPerSecond }) => tokens / tokensPerSecond);
  return {
    method,
    ranks,
    // The first step compiles.
    secondsPerStep: median(seconds.slice(1)),
    tokens: steps.reduce((sum, { tokens }) => sum + tokens, 0),
    heldOutLoss: lossOf(events),
  };
}

/** What a sum takes whose bytes are known, over a link that is as slow as it is made. */
function sumOverLink(rate) {
  const mpi = new URL("../../dist/collective/mpi.js", import.meta.url).href;
  const told = overLink(rate, ["--input-type=module", "-e", SUM, mpi]);
  return { rate, megabytes: 2 * LINK_MB, ...told };
}

/** What the first of so many ranks reads, encodes and holds of a file. */
function readBy(ranks) {
  const config = { train: [options.read], microSteps: 8 };
  const task = JSON.stringify({ config, tokenizer: options.tokenizer });
  const program = fileURLToPath(new URL("reading.js", import.meta.url));
  const words = ["--expose-gc", program, task];
  const rest = ["--oversubscribe", "-n", String(ranks), process.execPath, ...words];
  const { status, stdout, stderr } = spawnSync("mpirun", rest, {
    env: environment,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${options.read} with ${ranks} ranks failed: ${stderr}`);
  return { ranks, ...JSON.parse(stdout) };
}

/** Seconds of a step with one micro-step a rank, and of what it waits for at its end: medians over rounds, and the median of the ratios. */
function overlapOver(rate) {
  const folder = mkdtempSync(join(tmpdir(), "flora-ranks-"));
  try {
    const text = join(folder, "text.txt");
    writeFileSync(text, lines(20000).join("\n"));
    return [
      ["dense", { method: "dense" }],
      ["FLORA 128", { method: "flora", rank: 128 }],
      ["LoRA 8", { method: "lora", rank: 8, modulesToSave: [] }],
    ].map(([method, given]) => {
      const config = {
        train: [text],
        output: join(folder, "none"),
        contextLength: 128,
        batchSize: 4,
        threads: 1,
        microSteps: 2,
        model: { n_embd: 512, n_layer: 8, n_head: 8, n_positions: 128 },
        ...given,
      };
      const program = fileURLToPath(new URL("steps.js", import.meta.url));
      const task = JSON.stringify({ config, rounds: Number(options.rounds) });
      const { numbers, overlapped, atEnd } = overLink(rate, [program, task]);
      const of = (key) =>
        [atEnd, overlapped].map((steps) => median(steps.map((each) => each[key])));
      const ratio = median(overlapped.map(({ seconds }, i) => seconds / atEnd[i].seconds));
      return {
        method,
        megabytes: numbers * 4e-6,
        seconds: of("seconds"),
        waits: of("waitSeconds"),
        ratio,
      };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

if (options.json) {
  console.log(
    JSON.stringify(
      { cores: availableParallelism(), exchanged, link, overlap, reading, runs, bits, met },
      null,
      2,
    ),
  );
} else {
  console.log("sent by each rank in a step; with many ranks, and what that takes over a link\n");
  for (const { parameters, method, bytes, mostBytes, seconds } of exchanged) {
    const sizes = [...RANKS.slice(1).map((ranks) => bytes[ranks]), mostBytes].map((each) =>
      megabytes(each).padStart(10),
    );
    const times = LINKS.map(([name]) => `${seconds[name].toFixed(2)} s`.padStart(10));
    console.log(`  ${parameters.padEnd(6)} ${method.padEnd(28)} ${[...sizes, ...times].join(" ")}`);
  }
  if (link) {
    const { rate, seconds } = link;
    console.log(`\n${link.megabytes} MB through a link of ${rate}: ${seconds.toFixed(2)} s`);
  }
  if (overlap.length > 0) {
    console.log(
      `\nsums during the backward pass, over ${options.overlap} for two ranks together\n`,
    );
  }
  for (const { method, megabytes: size, seconds, waits, ratio } of overlap) {
    const [late, early] = seconds.map((each) => each.toFixed(2).padStart(6));
    const [lateWait, earlyWait] = waits.map((each) => each.toFixed(2).padStart(5));
    console.log(
      `  ${method.padEnd(10)} ${size.toFixed(0).padStart(4)} MB: ${late} s a step and ${lateWait} s of waiting at the end, ${early} s and ${earlyWait} s; steps ${ratio.toFixed(3)}`,
    );
  }
  for (const { ranks, read, characters, seconds, bytes, description } of reading) {
    if (ranks === 1) console.log(`\n${options.read}: ${description}\n`);
    console.log(
      `  ${ranks} ranks: ${megabytes(read)} read, ${(characters / 1e6).toFixed(1)} M characters encoded in ${seconds.toFixed(1)} s, ${megabytes(bytes)} held`,
    );
  }
  if (runs.length > 0) console.log(`\na small GPT-2 on ${availableParallelism()} cores\n`);
  for (const { method, ranks, secondsPerStep, tokens, heldOutLoss } of runs) {
    console.log(
      `  ${method.padEnd(6)} ${ranks} ranks ${secondsPerStep.toFixed(3).padStart(8)} s a step  ${tokens} tokens  held-out loss ${heldOutLoss.toFixed(6)}`,
    );
  }
  for (const { method, dtype, error, loss } of bits) {
    console.log(
      `  ${method.padEnd(8)} sums as ${dtype.padEnd(8)} error ${(100 * error).toFixed(2)} %  held-out loss ${loss.toFixed(4)}`,
    );
  }
  for (const { method, every, loss, bytes } of met) {
    console.log(
      `  ${method.padEnd(8)} meeting every ${String(every).padStart(2)} steps  held-out loss ${loss.toFixed(4)}  ${(bytes / 1e3).toFixed(0)} kB a step`,
    );
  }
}
