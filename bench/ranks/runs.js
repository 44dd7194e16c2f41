/** @file Runs of a small GPT-2 by several ranks, which `mpirun` starts on this machine, and what is left of them. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gpt2 } from "../../dist/models/index.js";
import { sentByMeetings } from "./bytes.js";
import { environment } from "./link.js";

const flora = fileURLToPath(new URL("../../bin/flora.js", import.meta.url));

/** Trains with so many ranks; returns the events of the log. */
export function trained(ranks, options, output) {
  const words = ["train", ...options.split(" "), "--translations", "0", "--output", output];
  const node = [process.execPath, flora, ...words];
  const [program, ...rest] =
    ranks === 1 ? node : ["mpirun", "--oversubscribe", "-n", String(ranks), ...node];
  const { status, stderr } = spawnSync(program, rest, { env: environment, encoding: "utf8" });
  if (status !== 0) throw new Error(`${options} with ${ranks} ranks failed: ${stderr}`);
  return readFileSync(join(output, "log.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** The last held-out loss. */
export const heldOutLoss = (events) => events.findLast(({ type }) => type === "evaluation").loss;

const METHODS = [
  { method: "dense", options: "--method dense", given: { method: "dense" } },
  {
    method: "FLORA 16",
    options: "--method flora --rank 16 --projection gaussian --compress-embeddings",
    given: { method: "flora", rank: 16, compressEmbeddings: true },
  },
];

/** The model of `small`; its tokens are bytes and the end of a text. */
const SMALL = gpt2({ n_embd: 64, n_layer: 2, n_head: 2, n_positions: 1024, vocab_size: 257 });

/** A GPT-2 of 182,000 parameters, which two ranks train with these options. */
function small(text, folder) {
  return (steps, options) => {
    const output = join(mkdtempSync(join(folder, "small-")), "run");
    const words =
      `--train ${text} --model.n_embd 64 --model.n_layer 2 --model.n_head 2 --context-length 64 ` +
      `--batch-size 4 --micro-steps 1 --evaluation-batches 8 --evaluate-every ${steps} --steps ${steps} ${options}`;
    return { loss: heldOutLoss(trained(2, words, output)), weights: weightsOf(output) };
  };
}

/** All numbers of a model that was saved, in the order of the file. */
function weightsOf(output) {
  const file = readFileSync(join(output, "model.safetensors"));
  const header = Number(file.readBigUInt64LE(0));
  return new Float32Array(file.buffer.slice(file.byteOffset + 8 + header));
}

/** ‖a - b‖ */
const distance = (a, b) => Math.sqrt(a.reduce((sum, x, i) => sum + (x - b[i]) ** 2, 0));

/**
 * Sums in fewer bits: the error of the first step, by the change of weights that SGD makes of it, and the held-out loss after 40 steps of
 * Adafactor.
 */
export function inFewerBits(text, folder) {
  const train = small(text, folder);
  return METHODS.flatMap(({ method, options }) => {
    const first = (rate, dtype) =>
      train(1, `${options} --optimizer sgd --learning-rate ${rate} --exchange-dtype ${dtype}`)
        .weights;
    const before = first(1e-30, "float32");
    const exact = first(0.1, "float32");
    return ["float32", "bfloat16", "int8"].map((dtype) => ({
      method,
      dtype,
      error: distance(first(0.1, dtype), exact) / distance(exact, before),
      loss: train(40, `${options} --exchange-dtype ${dtype}`).loss,
    }));
  });
}

/** Held-out losses after 192 steps, where ranks meet every so many of them. */
export function meetings(text, folder) {
  const train = small(text, folder);
  return METHODS.flatMap(({ method, options, given }) =>
    [1, 4, 16].map((every) => ({
      method,
      every,
      loss: train(192, `${options} --sync-every ${every}`).loss,
      bytes: sentByMeetings(SMALL, given, every),
    })),
  );
}
