/** @file However a run is ended, it has saved what it has learned, and its directory is free. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { folder, pairsFile } from "./support.ts";

const program = fileURLToPath(new URL("../../bin/flora.js", import.meta.url));

/** A run that would take hours, once it has taken a step. */
async function running(output: string, ...more: string[]): Promise<ChildProcess> {
  const words =
    `train --train ${pairsFile} --model.n_embd 8 --model.n_layer 1 --model.n_head 1 --model.n_positions 128` +
    ` --rank 2 --batch-size 2 --steps 1000000 --translations 0 --evaluation-batches 1 --threads 1 --output ${output}`;
  const child = spawn(process.execPath, [program, ...words.split(" "), ...more], {
    stdio: "ignore",
  });
  const log = join(output, "log.jsonl");
  await until(() => existsSync(log) && readFileSync(log, "utf8").includes('"type":"step"'));
  return child;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 50));
}

const isFree = (output: string): boolean =>
  !readdirSync(output).some((name) => name.endsWith(".lock"));

it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("a run that is sent %s saves", async (signal) => {
  const output = join(folder, signal);
  const child = await running(output);
  const code = new Promise((resolve) => child.on("close", resolve));
  child.kill(signal);
  expect(await code).toBe(130);
  expect(isFree(output)).toBe(true);
  expect(readdirSync(join(output, "checkpoint"))).toHaveLength(1);
});

it.runIf(process.platform === "linux")(
  "a run whose wrapper is killed saves, and ends too",
  async () => {
    const output = join(folder, "wrapper");
    const wrapper = await running(output, "--low-memory");
    wrapper.kill("SIGKILL");
    await until(() => isFree(output));
    expect(readdirSync(join(output, "checkpoint"))).toHaveLength(1);
  },
);
