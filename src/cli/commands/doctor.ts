/** @file `flora doctor`: whether flora works on this machine, and how fast. */

import type { MpiLibrary } from "../../collective/mpi.ts";
import { openRuntime } from "../../runtime/device.ts";
import { runContext } from "../inputs/run-context.ts";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { availableParallelism, cpus, freemem, release, tmpdir, totalmem, type } from "node:os";
import { join } from "node:path";
import type { CommandHelp } from "../arguments/help.ts";
import { formatBytes } from "../terminal/format.ts";
import { parseOptions } from "../arguments/options.ts";
import { createStyle } from "../terminal/style.ts";
import { standardOutput } from "../terminal/terminal.ts";

export const help: CommandHelp = {
  usage: "doctor",
  summary: "check that flora works on this machine",
};

/** The result of a check: what was found, or what is wrong and what to do about it. */
export interface Finding {
  readonly what: string;
  readonly text: string;
  /** Absent where all is well. */
  readonly advice?: string;
}

type Check = readonly [what: string, check: () => Promise<string> | string, advice: string];

const REINSTALL =
  "install again with npm ci; onnxruntime-node must match this system and processor";

const CHECKS: readonly Check[] = [
  ["node", () => process.version, ""],
  ["system", () => `${type()} ${release()} ${process.arch}, ${cpus()[0]?.model ?? "?"}`, ""],
  ["cores", () => `${availableParallelism()}; an operator uses one thread per core`, ""],
  ["memory", () => `${formatBytes(totalmem())}, ${formatBytes(freemem())} free`, ""],
  ["onnxruntime", onnxruntime, REINSTALL],
  ["matrix product", productIsRight, REINSTALL],
  ["speed 512^3", () => speed(512), REINSTALL],
  ["speed 1024^3", () => speed(1024), REINSTALL],
  ["training", training, "report it with this output"],
  ["mpi", mpi, "install it again; only runs of several processes need it"],
];

/** Runs the command; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  parseOptions(words, {});
  const output = standardOutput();
  const style = createStyle(output.color);
  let exitCode = 0;
  for (const [what, check, advice] of CHECKS) {
    const finding = await examine(what, check, advice);
    if (finding.advice !== undefined) exitCode = 1;
    output.write(`${formatFinding(finding, style)}\n`);
  }
  output.write(exitCode === 0 ? "all is well\n" : "something is wrong, see above\n");
  return exitCode;
}

/** A finding in a line, with the advice below. */
export function formatFinding(
  { what, text, advice }: Finding,
  style: ReturnType<typeof createStyle>,
): string {
  const sign = advice === undefined ? style.green("ok   ") : style.red("wrong");
  const line = `${sign}  ${what.padEnd(15)} ${text}`;
  return advice === undefined || advice === "" ? line : `${line}\n       ${advice}`;
}

async function examine(what: string, check: Check[1], advice: string): Promise<Finding> {
  try {
    return { what, text: await check() };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { what, text: text.split("\n")[0] ?? "", advice };
  }
}

async function mpi(): Promise<string> {
  const { findMpi } = await import("../../collective/mpi.ts");
  return mpiText(await findMpi(process.env));
}

/** What there is for runs of several processes; nobody else misses it. */
export const mpiText = (found: MpiLibrary | undefined): string =>
  found
    ? `${found.version}, ${found.name}`
    : "none; for runs of several processes: apt-get install openmpi-bin, npm install koffi";

async function onnxruntime(): Promise<string> {
  const { devices, nativeProblem, runtimeVersion } = await import("../../runtime/node.ts");
  const problem = nativeProblem();
  if (problem === undefined) {
    return `${runtimeVersion()}, runs on the CPU; built for ${devices().join(", ")}`;
  }
  await openRuntime();
  return `no binary that loads for ${process.platform} ${process.arch}; WebAssembly runs instead, several times slower`;
}

/** [1 2; 3 4] [5 6; 7 8] = [19 22; 43 50]. */
async function productIsRight(): Promise<string> {
  const y = await product(2, [
    [1, 2, 3, 4],
    [5, 6, 7, 8],
  ]);
  const got = Array.from(y, Number).join(", ");
  if (got !== "19, 22, 43, 50") throw new Error(`expected 19, 22, 43, 50; got ${got}`);
  return "as computed by hand";
}

async function speed(size: number): Promise<string> {
  const { measuredSpeed } = await import("../../runtime/speed.ts");
  return `${((await measuredSpeed(await openRuntime(), size)) / 1e9).toFixed(0)} GFLOP/s`;
}

/** The product of two square matrices. */
async function product(size: number, [a, b]: readonly [number[], number[]]) {
  const { input } = await import("../../graph/value.ts");
  const { matmul } = await import("../../ops/matmul.ts");
  const { compile } = await import("../../onnx/model.ts");
  const runtime = await openRuntime();
  const shape = [size, size];
  const y = matmul(input("a", "float32", shape), input("b", "float32", shape));
  const program = await runtime.load(compile({ y }));
  const buffer = (values: readonly number[]) =>
    runtime.adopt({ dtype: "float32", shape, data: Float32Array.from(values) });
  const feeds = { a: buffer(a), b: buffer(b) };
  const fetched = runtime.allocate("float32", shape);
  await program.run(feeds, { y: fetched });
  await program.release();
  return fetched.read();
}

/** A few steps of a tiny model, whose loss must fall. */
async function training(): Promise<string> {
  const { trainEvents } = await import("../../train/events.ts");
  const { parseConfig } = await import("../../options/config.ts");
  const output = await mkdtemp(join(tmpdir(), "flora-doctor-"));
  try {
    const config = parseConfig({
      model: { n_layer: 1, n_head: 2, n_embd: 32, n_positions: 256 },
      output,
      rank: 8,
      batchSize: 4,
      steps: 2,
      warmupSteps: 0,
      evaluationBatches: 1,
      evaluateEvery: 2,
      translations: 0,
    });
    const losses: number[] = [];
    for await (const event of trainEvents(config, await runContext(config))) {
      if (event.type === "evaluation") losses.push(event.loss);
    }
    const [first = Number.NaN, last = Number.NaN] = [losses[0], losses.at(-1)];
    const text = `held-out loss ${first.toFixed(3)} -> ${last.toFixed(3)} in two steps`;
    if (!(last < first)) throw new Error(`${text}; it must fall`);
    const saved = await readdir(output);
    if (!saved.includes("model.safetensors")) throw new Error("no model was saved");
    return text;
  } finally {
    await rm(output, { recursive: true, force: true });
  }
}
