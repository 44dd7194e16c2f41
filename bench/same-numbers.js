/**
 * @file `npm run same-numbers`: what the code of another revision computes, this code computes too, to the last bit.
 *
 *   node bench/same-numbers.js --against REVISION [--only flora,lora+] [--quick] [--time]
 *
 * The revision is checked out beside this tree and built, and every row is trained by both, in turn, with the same command. Equal are the
 * numbers of every step and evaluation in the log, and the bytes of every file of tensors. It uses the packages of this tree if
 * it knows the same; else its own are installed. `--quick` shortens the demonstration, which takes longer than the rest.
 */

import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { prepareRows } from "./same-numbers-rows.js";

/** The numbers of an event of the log that are compared. */
const FIELDS = ["loss", "learningRate", "gradNorm", "accuracy"];

/** The folder of checkpoints. */
const CHECKPOINT = "checkpoint";

/** Rates where none are said, of revisions that had one for each optimizer. */
const RATES = { adafactor: 2e-2, adam: 1e-3, adamw: 1e-3, momentum: 0.05, sgd: 0.1 };

const { values } = parseArgs({
  options: {
    against: { type: "string" },
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    time: { type: "boolean", default: false },
  },
});
const root = fileURLToPath(new URL("..", import.meta.url));
const revision = git("log", "-1", "--format=%h %s", values.against ?? "");
if (values.against === undefined || revision === undefined) {
  console.error(`same-numbers: no such revision; give --against REVISION, got ${values.against}`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), "flora-same-numbers-"));
const trees = { before: join(folder, "tree"), now: root };
let child;
process.on("exit", () => {
  child?.kill("SIGKILL");
  git("worktree", "remove", "--force", trees.before);
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));

const { base, rows, timed } = await prepareRows(folder, { isQuick: values.quick });
const known = rows.map(({ name }) => name);
const wanted = values.only?.split(",") ?? known;
const unknown = wanted.find((name) => !known.includes(name));
if (unknown !== undefined) {
  console.error(`same-numbers: no row ${unknown}; there are ${known.join(", ")}`);
  process.exit(2);
}

console.log(`before: ${revision}\nnow:    this tree\n`);
await run(root, "git", ["worktree", "add", "--detach", trees.before, values.against]);
await providePackages(trees.before);
for (const tree of Object.values(trees)) await run(tree, "npm", ["run", "build", "--silent"]);
await train("before", base.output, base.options);

let failed = 0;
console.log("row                       numbers    losses");
for (const row of rows) {
  if (!wanted.includes(row.name)) continue;
  const shown = row.name.padEnd(26);
  try {
    const { losses, difference } = await compare(row);
    if (difference !== undefined) failed += 1;
    const verdict = difference === undefined ? "equal" : "DIFFERENT";
    console.log(`${shown}${verdict.padEnd(11)}${String(losses).padStart(6)}   ${difference ?? ""}`);
  } catch (error) {
    failed += 1;
    console.log(`${shown}FAILED     ${error.message}`);
  }
}
console.log(`\n${wanted.length} rows, of which ${failed} are not equal`);
if (values.time) await compareSpeed();
process.exitCode = failed === 0 ? 0 : 1;

/** The packages of a checkout: those of this tree where both lock the same. */
async function providePackages(tree) {
  const locked = (checkout) => {
    const { packages } = JSON.parse(readFileSync(join(checkout, "package-lock.json"), "utf8"));
    return JSON.stringify({ ...packages, "": undefined });
  };
  if (locked(tree) !== locked(root)) return run(tree, "npm", ["ci", "--silent"]);
  symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));
}

/** Trains a row with both trees: the number of losses, and what differs first. */
async function compare({ name, options, resume, interrupt }) {
  const [before, now] = ["before", "now"].map((when) => join(folder, `${name}, ${when}`));
  await train("before", before, options, interrupt);
  if (resume) {
    cpSync(before, now, { recursive: true });
    const rest = { ...options, ...resume, resume: true };
    await train("before", before, rest);
    await train("now", now, rest);
  } else {
    await train("now", now, options);
  }
  const losses = numbersOf(before).length;
  const files = tensorFiles(before).size;
  if (losses === 0 || files === 0) throw new Error("there is nothing to compare");
  return { losses, difference: differenceOfLogs(before, now) ?? differenceOfFiles(before, now) };
}

// What is compared

/** The first number of the old log that the new one has not; a field that is new may be there. */
function differenceOfLogs(before, now) {
  const [old, fresh] = [numbersOf(before), numbersOf(now)];
  for (const [i, event] of old.entries()) {
    const other = fresh[i];
    const place = `${event.type} ${event.step}`;
    if (other?.type !== event.type || other.step !== event.step) return `${place} is missing`;
    const field = FIELDS.find((key) => event[key] !== undefined && event[key] !== other[key]);
    if (field) return `${field} of ${place}: ${event[field]}, now ${other[field]}`;
  }
  return fresh.length > old.length ? `${fresh.length} losses now` : undefined;
}

/** The steps and evaluations of a run, from its log. */
function numbersOf(output) {
  const lines = readFileSync(join(output, "log.jsonl"), "utf8").trim().split("\n");
  return lines
    .map((line) => JSON.parse(line))
    .filter(({ type }) => type === "step" || type === "evaluation");
}

function differenceOfFiles(before, now) {
  const [old, fresh] = [tensorFiles(before), tensorFiles(now)];
  for (const [what, file] of old) {
    const other = fresh.get(what);
    if (other === undefined) return `${what} is missing`;
    const contents = [readFileSync(join(before, file)), readFileSync(join(now, other))];
    const tensor = differentTensor(...contents.map(tensorsOf));
    if (tensor) return `${what}: ${tensor}`;
  }
  // A run that has ended keeps a checkpoint since there are several.
  const added = [...fresh.keys()].find((what) => !old.has(what) && what !== CHECKPOINT);
  return added && `${added} is new`;
}

/** Files by what they are: their names, or the newest checkpoint. */
function tensorFiles(output) {
  const names = readdirSync(output, { recursive: true, encoding: "utf8" });
  return new Map(
    names
      .filter((name) => name.endsWith(".safetensors"))
      .toSorted()
      .map((name) => [name.startsWith(CHECKPOINT) ? CHECKPOINT : name, name]),
  );
}

/** The name of the first tensor that is not the same in both. */
function differentTensor(old, fresh) {
  const names = [...new Set([...old.keys(), ...fresh.keys()])];
  return names.find((name) => !old.get(name)?.equals(fresh.get(name) ?? ""));
}

/** The bytes of each tensor of a safetensors file. */
function tensorsOf(file) {
  const start = 8 + Number(file.readBigUInt64LE());
  const { __metadata__: _, ...header } = JSON.parse(file.subarray(8, start).toString());
  return new Map(
    Object.entries(header).map(([name, { data_offsets: offsets }]) => {
      const [from, to] = offsets.map((offset) => start + offset);
      return [name, file.subarray(from, to)];
    }),
  );
}

// Speed

/** The median time of a step in both trees, whose runs alternate; the ratios of single rounds say what that is worth. */
async function compareSpeed() {
  const rounds = [];
  for (let i = 0; i < 7; i += 1) {
    const round = {};
    // Each goes first in every other round.
    const order = i % 2 === 0 ? ["before", "now"] : ["now", "before"];
    for (const when of order) {
      const output = join(folder, `timed ${i}, ${when}`);
      await train(when, output, timed);
      // The first steps prepare programs.
      const steps = numbersOf(output).filter(({ type, step }) => type === "step" && step > 2);
      round[when] = steps.map(({ tokens, tokensPerSecond }) => (1000 * tokens) / tokensPerSecond);
    }
    rounds.push(round);
  }
  const before = median(rounds.flatMap((round) => round.before));
  const now = median(rounds.flatMap((round) => round.now));
  const ratios = rounds.map((round) => median(round.now) / median(round.before));
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(3));
  console.log(
    `\na step of a larger model, median of ${rounds.length} runs: ` +
      `${before.toFixed(1)} ms before, ${now.toFixed(1)} ms now, ` +
      `ratio ${(now / before).toFixed(3)} (${least} to ${most} in single rounds)`,
  );
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle) - 1]) / 2;
}

// Commands

/** What older code did where nothing was said; and of newer code, what leaves the model of the last step and answers nothing. */
function spelledOut(options, when) {
  const { train: files, optimizer = "adafactor", method } = options;
  return {
    ...(files !== undefined && {
      learningRate: RATES[optimizer],
      schedule: method === "relora" ? "cosine" : "constant",
      warmupSteps: 0,
    }),
    ...(when === "now" && { keep: "last", samples: 0 }),
    ...options,
    ...(when === "now" && options.recompute === false && { recompute: "none" }),
  };
}

/** `flora train` of a tree; stopped after the first step if `interrupt` is true. */
async function train(when, output, options, interrupt = false) {
  const command = ["bin/flora.js", "train", ...wordsOf({ ...spelledOut(options, when), output })];
  const running = run(trees[when], process.execPath, command, interrupt ? 130 : 0);
  const timer = setInterval(() => {
    if (!interrupt || !hasStep(output)) return;
    child.kill("SIGTERM");
    clearInterval(timer);
  }, 2);
  try {
    await running;
  } catch (error) {
    throw new Error(`${when}: ${error.message}`, { cause: error });
  } finally {
    clearInterval(timer);
  }
}

/** Whether a run that goes on has done a step. */
function hasStep(output) {
  try {
    return readFileSync(join(output, "log.jsonl"), "utf8").includes('"type":"step"');
  } catch {
    return false;
  }
}

/** Options as the words of a command line. */
function wordsOf(options) {
  return Object.entries(options).flatMap(([name, value]) => {
    const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (value === true) return [`--${flag}`];
    if (value === false) return [`--no-${flag}`];
    if (Array.isArray(value)) return [`--${flag}`, value.join()];
    if (typeof value !== "object") return [`--${flag}`, String(value)];
    return Object.entries(value).flatMap(([key, field]) => [`--${flag}.${key}`, String(field)]);
  });
}

/** Runs a command in a directory; throws what it says if it does not end as expected. */
function run(cwd, command, words, expected = 0) {
  return new Promise((resolve, reject) => {
    child = spawn(command, words, { cwd, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text) => (said += text));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === expected) return resolve();
      const lines = said.trim().split("\n").slice(0, 2).join(" ");
      return reject(new Error(`${lines || command} (exit code ${code})`));
    });
  });
}

/** What git prints; undefined if it fails. */
function git(...words) {
  const { status, stdout } = spawnSync("git", words, { cwd: root, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}
