/** Runs of several ranks, which the mpirun of Open MPI or of MPICH starts, beside runs of one process. Skipped where there is none. */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { TrainOptions } from "../../src/options/config.ts";
import { weightsOf } from "./support.ts";

const FLORA = resolve("bin/flora.js");
const launcher = spawnSync("mpirun", ["--version"], { encoding: "utf8" });
const hasMpi = /Open MPI|HYDRA/.test(launcher.stdout ?? "");
/** The ranks of a test may be more than the cores, and root's. */
const ENVIRONMENT = {
  ...process.env,
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  OMPI_MCA_rmaps_base_oversubscribe: "1",
};

const folder = mkdtempSync(join(tmpdir(), "flora-ranks-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const text = join(folder, "text.txt");
writeFileSync(
  text,
  Array.from({ length: 4000 }, (_, i) => "the quick brown fox jumps".split(" ")[(i * i) % 5]).join(
    " ",
  ),
);

/** Of questions, each with an answer, and with another that is not the right one. */
const PAIRS = join(folder, "pairs.jsonl");
writeFileSync(
  PAIRS,
  Array.from({ length: 200 }, (_, i) => ({
    prompt: `what is ${i} and ${i % 7}?`,
    completion: "it is ".repeat(1 + (i % 5)),
    chosen: "it is ".repeat(1 + (i % 5)),
    rejected: `no ${i}`,
  }))
    .map((row) => JSON.stringify(row))
    .join("\n"),
);

const COMMON =
  "--context-length 32 --model.n_embd 32 --model.n_layer 2 --model.n_head 2 --model.n_positions 32" +
  " --batch-size 2 --evaluation-batches 3 --evaluate-every 4 --translations 0 --threads 1";

interface Ended {
  readonly code: number | null;
  readonly text: string;
}

/** Says the checksums of weights and losses after the same steps, with sums begun while the backward pass goes on, and without. */
const BITS = `
  const [dist, given] = process.argv.slice(1);
  const load = (path) => import(new URL(path, dist));
  const { joinMpi } = await load("collective/mpi.js");
  const { parseConfig } = await load("train/index.js");
  const { runContext } = await load("cli/inputs/run-context.js");
  const { prepare } = await load("train/setup/prepare.js");
  const { openTrainer } = await load("train/trainer.js");
  const { crc32 } = await load("host/crc32.js");
  const ranks = await joinMpi(process.env);
  let sums = 0;
  const counted = { ...ranks, sum: (...all) => (sums++, ranks.sum(...all)) };
  const config = parseConfig({ threads: 1, ...JSON.parse(given) });
  async function trained(isOverlapped) {
    const run = await prepare(config, await runContext(config, counted));
    const { engine } = run;
    const microStep = (batch, index, place) =>
      engine.microStep(batch, index, isOverlapped ? place : undefined);
    const trainer = await openTrainer({ ...run, engine: { ...engine, microStep } });
    const losses = [];
    let during = 0;
    while (losses.length < config.steps) {
      sums = 0;
      while (!trainer.isStepFull()) await trainer.microStep();
      during += sums;
      losses.push((await trainer.update()).loss);
    }
    const weights = await Promise.all([...engine.state.weights.values()].map((each) => each.read()));
    const bytes = weights.map((each) => crc32(new Uint8Array(each.buffer, each.byteOffset, each.byteLength)));
    return { result: [...losses, ...bytes], during };
  }
  const [first, second] = [await trained(true), await trained(false)];
  process.stdout.write(JSON.stringify({
    overlapped: first.result,
    atEnd: second.result,
    sumsBefore: first.during,
    sumsAtEnd: second.during,
  }) + "\\n");
  ranks.close();
`;

/** Trains with so many ranks; one is no rank at all. */
function train(ranks: number, options: string, output: string): Promise<Ended> & { kill(): void } {
  const words = [FLORA, "train", ...options.split(" "), "--output", join(folder, output)];
  const [program, ...rest] =
    ranks === 1
      ? [process.execPath, ...words]
      : ["mpirun", "-n", String(ranks), process.execPath, ...words];
  const run = spawn(program, rest, { env: ENVIRONMENT });
  let said = "";
  run.stdout.on("data", (part) => (said += String(part)));
  run.stderr.on("data", (part) => (said += String(part)));
  const ended = new Promise<Ended>((done) => run.on("close", (code) => done({ code, text: said })));
  return Object.assign(ended, { kill: () => run.kill("SIGTERM") });
}

const begun = (options: string) => `--train ${text} ${COMMON} ${options}`;

async function trained(ranks: number, options: string, output: string) {
  const { code, text: said } = await train(ranks, options, output);
  expect([code, said]).toEqual([0, said]);
  return { weights: await weightsOf(join(folder, output)), said };
}

/** ‖a - b‖ / ‖b‖ */
const distance = (a: Float32Array, b: Float32Array): number =>
  Math.hypot(...a.map((x, i) => x - (b[i] ?? Number.NaN))) / Math.hypot(...b);

const losses = (output: string): readonly number[] =>
  readFileSync(join(folder, output, "log.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .flatMap(({ type, loss }) => (type === "step" || type === "evaluation" ? [loss] : []));

describe.skipIf(!hasMpi)("ranks that mpirun starts", () => {
  it.each<readonly [ranks: number, name: string, options: string]>([
    [2, "flora, clipped", "--method flora --rank 4 --max-grad-norm 0.5"],
    [4, "dense", "--method dense"],
    [3, "lora with dropout", "--method lora --rank 4 --model.resid_pdrop 0.1"],
  ])("%i of %s have the weights of one process", async (ranks, name, options) => {
    const steps = `--steps 5 --optimizer sgd --learning-rate 0.1 ${options}`;
    const one = await trained(1, begun(`${steps} --micro-steps ${2 * ranks}`), `one ${name}`);
    const all = await trained(ranks, begun(`${steps} --micro-steps 2`), `all ${name}`);
    expect(distance(all.weights, one.weights)).toBeLessThan(1e-6);
  });

  it.each<readonly [what: string, steps: number, options: string]>([
    ["pairs", 30, ""],
    ["what is streamed", 8, `--stream 20 --validation ${PAIRS}`],
    ["preferences", 6, `--task preference --model ${join(folder, "one-pairs")} --method dense`],
  ])(
    "have the examples of one process where each reads a share of %s, and go on with another number",
    async (what, steps, own) => {
      const sgd = "--optimizer sgd --learning-rate 0.1 --schedule constant --warmup-steps 0";
      const sizes = COMMON.replaceAll("32", "64");
      // A model that is there has its sizes.
      const common = own.includes("--model ") ? sizes.replaceAll(/--model\.\w+ \d+/g, "") : sizes;
      const options = `--train ${PAIRS} ${common} --rank 4 ${sgd} ${own}`.replaceAll(/ +/g, " ");
      const one = await trained(1, `${options} --micro-steps 6 --steps ${steps}`, `one-${what}`);
      await trained(3, `${options} --micro-steps 2 --steps ${steps / 2}`, `three-${what}`);
      const all = await trained(2, `--resume --steps ${steps}`, `three-${what}`);
      expect(distance(all.weights, one.weights)).toBeLessThan(1e-6);
    },
  );

  it.each<readonly [ranks: number, name: string, options: TrainOptions]>([
    [2, "flora", { method: "flora", rank: 64, compressEmbeddings: true, microSteps: 2 }],
    [3, "dense, accumulated and clipped", { method: "dense", microSteps: 6, maxGradNorm: 0.5 }],
    [2, "lora", { method: "lora", rank: 4, microSteps: 2, modulesToSave: [] }],
    [2, "bfloat16", { method: "dense", microSteps: 2, exchangeDtype: "bfloat16" }],
  ])(
    "%i of %s have the same bits where sums wait for the end of the step",
    (ranks, name, options) => {
      const given = {
        train: [text],
        contextLength: 32,
        batchSize: 2,
        steps: 3,
        // A stage has more than a megabyte.
        model: { n_embd: 192, n_layer: 2, n_head: 2, n_positions: 32 },
        output: join(folder, `bits ${name}`),
        ...options,
      };
      const node = ["--input-type=module", "-e", BITS, pathToFileURL("dist/").href];
      const rest = ["-n", String(ranks), process.execPath, ...node, JSON.stringify(given)];
      const { stdout, stderr } = spawnSync("mpirun", rest, { env: ENVIRONMENT, encoding: "utf8" });
      const told = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect([told.length, stderr]).toEqual([ranks, ""]);
      for (const { sumsBefore, sumsAtEnd, overlapped, atEnd } of told) {
        expect(overlapped).toEqual(atEnd);
        expect(overlapped).toEqual(told[0].overlapped);
        expect(sumsAtEnd).toBe(0);
        if (!name.startsWith("lora")) expect(sumsBefore).toBeGreaterThan(0);
      }
    },
  );

  // A rule that divides by its gradients makes rounding of those that are nearly zero visible in weights, and not in losses.
  it.each<readonly [ranks: number, name: string, options: string]>([
    [3, "flora with momentum", "--momentum 0.5 --rank 8 --resample-every 4"],
    [2, "dense adamw", "--method dense --optimizer adamw"],
    [2, "galore", "--method galore --rank 4 --optimizer adam --resample-every 3"],
    [2, "fira", "--method fira --rank 4 --optimizer adam --resample-every 3"],
    [2, "muon in subspaces", "--optimizer muon --rank 8 --resample-every 3"],
  ])("%i of %s have the losses of one process", async (ranks, name, options) => {
    const steps = `--steps 6 ${options}`;
    await trained(1, begun(`${steps} --micro-steps ${2 * ranks}`), `one ${name}`);
    await trained(ranks, begun(`${steps} --micro-steps 2`), `all ${name}`);
    expect(losses(`all ${name}`)).toEqual(
      losses(`one ${name}`).map((loss) => expect.closeTo(loss, 5)),
    );
  });

  it("repeat bit for bit, and are ended early by what they share", async () => {
    const options = begun("--rank 4 --steps 40 --patience 1 --learning-rate 0.5");
    const [first, second] = [
      await trained(3, options, "first"),
      await trained(3, options, "second"),
    ];
    expect(first.weights).toEqual(second.weights);
    expect(losses("first")).toEqual(losses("second"));
    expect(first.said).toMatch(/no better|diverged|loss rose/);
  });

  it("go on with another number of ranks after one was killed, to the same state", async () => {
    const options = begun(
      "--rank 4 --momentum 0.5 --resample-every 4 --optimizer sgd --learning-rate 0.1",
    );
    const whole = await trained(1, `${options} --micro-steps 6 --steps 16`, "whole");
    const run = train(3, `${options} --micro-steps 2 --steps 16 --save-every 2`, "killed");
    const log = join(folder, "killed", "log.jsonl");
    const saved = () =>
      existsSync(log) && readFileSync(log, "utf8").includes('"what":"checkpoint"');
    await expect.poll(saved, { timeout: 30_000 }).toBe(true);
    // One of the ranks, not mpirun.
    spawnSync("pkill", ["-KILL", "-n", "-f", join(folder, "killed")]);
    const before = performance.now();
    const { code } = await run;
    expect(code).not.toBe(0);
    expect(performance.now() - before).toBeLessThan(10_000);
    const goneOn = await trained(2, "--resume", "killed");
    expect(distance(goneOn.weights, whole.weights)).toBeLessThan(1e-6);
    expect(losses("killed").slice(-8)).toEqual(
      losses("whole")
        .slice(-8)
        .map((loss) => expect.closeTo(loss, 5)),
    );
    expect(await train(4, "--resume --steps 18", "killed")).toMatchObject({
      text: expect.stringContaining("a step has 6 micro-batches, which 4 ranks cannot have"),
    });
  });

  it.each(["bfloat16", "int8"])("exchange %s, and repeat bit for bit", async (dtype) => {
    const steps = "--steps 5 --optimizer sgd --learning-rate 0.1 --rank 4 --micro-steps 2";
    const options = begun(`${steps} --exchange-dtype ${dtype}`);
    const first = await trained(3, options, `${dtype} first`);
    const second = await trained(3, options, `${dtype} second`);
    expect(first.weights).toEqual(second.weights);
    const exact = await trained(3, begun(steps), `${dtype} exact`);
    expect(first.weights).not.toEqual(exact.weights);
    expect(distance(first.weights, exact.weights)).toBeLessThan(1e-3);
  });

  it.each([
    ["flora", "--rank 4 --momentum 0.5 --resample-every 3"],
    ["dense", "--method dense --optimizer adamw --exchange-dtype int8"],
    ["lora", "--method lora --rank 4 --max-grad-norm 0.5"],
  ])("step by themselves, and go on from a meeting to the same bits: %s", async (name, options) => {
    const alike = `--schedule constant --warmup-steps 0 --micro-steps 2 --sync-every 2 ${options}`;
    const whole = await trained(2, begun(`${alike} --steps 8`), `met ${name}`);
    await trained(2, begun(`${alike} --steps 4`), `left ${name}`);
    const goneOn = await trained(2, "--resume --steps 8", `left ${name}`);
    expect(goneOn.weights).toEqual(whole.weights);
    // With another number, too.
    await trained(4, "--resume --steps 10", `left ${name}`);
    const [first = 0, ...later] = losses(`left ${name}`);
    expect(later.at(-1)).toBeLessThan(first);
  });

  it("are refused where they were given other things, or a step cannot be divided", async () => {
    const other = join(folder, "other.txt");
    writeFileSync(other, "something else entirely. ".repeat(500));
    const script = join(folder, "differ.sh");
    writeFileSync(
      script,
      `#!/bin/sh\nif [ "\${OMPI_COMM_WORLD_RANK:-$PMI_RANK}" = 1 ]; then data=${other}; else data=${text}; fi\nexec ${process.execPath} ${FLORA} train --train $data ${COMMON} --steps 2 --output ${join(folder, "refused")}\n`,
      { mode: 0o755 },
    );
    const { status, stdout, stderr } = spawnSync("mpirun", ["-n", "2", script], {
      env: ENVIRONMENT,
      encoding: "utf8",
    });
    expect(stdout + stderr).toContain(
      "ranks: all must have the same options; got others on rank 1",
    );
    expect(status).not.toBe(0);
    expect(existsSync(join(folder, "refused", "model.safetensors"))).toBe(false);
  });
});
