/**
 * @file What kills, damage and a failing disk do to runs: `npm run test:reliability`. Prints a table, which docs/reliability.md repeats.
 * Lost: neither the state before nor the one that was being saved. Silent: damage that nobody was told of.
 *
 * FLORA_KILLS: how many processes are killed, 200 if absent; FLORA_INPUTS: how many damaged files are read, 100,000 if absent.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { FormatError, UsageError } from "../../src/errors.ts";
import { errorCode } from "../../src/host/file-error.ts";
import { memoryHost } from "../../src/host/in-memory.ts";
import { openSafetensors } from "../../src/weights/files/safetensors.ts";
import { chooser, damagedFile, outcomeOf, READERS } from "./readers.ts";
import { bitsOf, KINDS, pairs, powerCuts, savings } from "../train/saved-states.ts";

const rows: (readonly [what: string, tried: number, lost: number, silent: number])[] = [];
const KILLS = Number(process.env["FLORA_KILLS"] ?? 200);
const INPUTS = Number(process.env["FLORA_INPUTS"] ?? 100_000);
const folder = mkdtempSync(join(tmpdir(), "flora-reliability-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  const cells = [["", "tried", "lost", "silent"], ...rows.map((row) => row.map(String))];
  console.log(
    cells
      .map(([what = "", ...numbers]) =>
        [what.padEnd(64), ...numbers.map((number) => number.padStart(8))].join(""),
      )
      .join("\n"),
  );
});

it("power cuts at every change of the disk, four ways each", async () => {
  let tried = 0;
  const lost: string[] = [];
  for (const [kind, options] of Object.entries(KINDS)) {
    for await (const saving of savings(options, 4)) {
      const { kills, problems } = await powerCuts(saving);
      tried += kills;
      lost.push(...problems.map((problem) => `${kind}: ${problem}`));
    }
  }
  rows.push(["power cuts, simulated, at every change while saving", tried, lost.length, 0]);
  expect(lost).toEqual([]);
  expect(tried + KILLS).toBeGreaterThanOrEqual(10_000);
});

it("a disk that fails at every change", async () => {
  const codes = ["ENOSPC", "EDQUOT", "EROFS", "EMFILE", "EACCES", "EIO", "EXDEV"];
  for (const failure of codes) {
    let tried = 0;
    const lost: string[] = [];
    const silent: string[] = [];
    for (const [kind, options] of Object.entries(KINDS)) {
      for await (const { disk, save } of savings(options, 2)) {
        const whole = memoryHost({ files: disk });
        const before = await bitsOf(whole.files);
        await save(whole.files);
        const after = await bitsOf(whole.files);
        for (let failAt = 1; failAt <= whole.changes(); failAt++) {
          const host = memoryHost({ files: disk, failAt, failure });
          const error = await save(host.files).then(
            () => undefined,
            (thrown: unknown) => thrown,
          );
          tried++;
          const isTold = error instanceof UsageError || errorCode(error) === failure;
          if (!isTold) silent.push(`${kind}, change ${failAt}: ${String(error)}`);
          const { checkpoint, model } = await bitsOf(host.files);
          if (![before.checkpoint, after.checkpoint].includes(checkpoint)) {
            lost.push(`${kind}, change ${failAt}: a mixed checkpoint`);
          }
          if (![before.model, after.model, undefined].includes(model)) {
            lost.push(`${kind}, change ${failAt}: a mixed model`);
          }
        }
      }
    }
    rows.push([
      `a disk that answers ${failure}, at every change`,
      tried,
      lost.length,
      silent.length,
    ]);
    expect(lost).toEqual([]);
    expect(silent).toEqual([]);
  }
});

it("damage in every region of every file", async () => {
  for (const [kind, options] of Object.entries({ model: KINDS["flora"], adapter: KINDS["lora"] })) {
    let disk = {};
    for await (const saving of savings(options ?? {}, 2)) ({ disk } = saving);
    for (const [path, content] of Object.entries<Uint8Array>(disk)) {
      if (!path.endsWith(".safetensors")) continue;
      const silent: string[] = [];
      let tried = 0;
      const check = async (what: string, damaged: Uint8Array) => {
        tried++;
        const { files } = memoryHost({ files: { [path]: damaged } });
        const error = await readTensors(files, path).catch((thrown: unknown) => thrown);
        if (!(error instanceof FormatError)) silent.push(`${what}: ${String(error)}`);
      };
      for (let place = 0; place < content.length; place++) {
        const damaged = content.slice();
        damaged[place] = (damaged[place] ?? 0) ^ (1 << (place & 7));
        await check(`byte ${place}`, damaged);
        if (place % 16 === 0) await check(`cut at ${place}`, content.slice(0, place));
      }
      await check("a byte too many", Uint8Array.from([...content, 0]));
      const name = path.split("/").at(-1) ?? path;
      rows.push([
        `damage to ${kind === "adapter" ? "an" : "a"} ${kind}'s ${name}`,
        tried,
        0,
        silent.length,
      ]);
      expect(silent).toEqual([]);
    }
  }
});

async function readTensors(
  files: ReturnType<typeof memoryHost>["files"],
  path: string,
): Promise<void> {
  const file = await openSafetensors(files, path);
  try {
    for (const name of file.tensors.keys()) await file.read(name);
  } finally {
    await file.close();
  }
}

it("inputs of every reader", async () => {
  const choose = chooser(2);
  const counts = new Map<string, number>();
  const silent: string[] = [];
  const readers = Object.entries(READERS);
  for (let input = 0; input < INPUTS; input++) {
    const [name = "", reader] = readers[input % readers.length] ?? [];
    if (!reader) continue;
    const content = damagedFile(reader.seeds, choose);
    const outcome = await outcomeOf(reader, content);
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    if (outcome !== "a result" && outcome !== "a sentence") {
      silent.push(`${name}: ${outcome}\n${new TextDecoder().decode(content).slice(0, 2000)}`);
    }
  }
  rows.push([`damaged inputs of ${readers.length} readers`, INPUTS, 0, silent.length]);
  expect(silent.slice(0, 3)).toEqual([]);
  expect(
    Math.min(...["a result", "a sentence"].map((what) => counts.get(what) ?? 0)),
  ).toBeGreaterThan(INPUTS / 20);
});

it("processes that are killed", async () => {
  const program = fileURLToPath(new URL("../../bin/flora.js", import.meta.url));
  const data = join(folder, "pairs.jsonl");
  writeFileSync(data, pairs);
  const words = (output: string) =>
    (
      `train --train ${data} --model.n_embd 16 --model.n_layer 2 --model.n_head 2 --model.n_positions 32 --rank 4` +
      " --batch-size 4 --micro-steps 2 --steps 60 --save-every 1 --evaluate-every 3 --evaluation-batches 1" +
      ` --translations 0 --threads 1 --output ${output}`
    ).split(" ");
  const launch = (output: string, ...more: string[]): ChildProcess =>
    spawn(process.execPath, [program, ...words(output), ...more], { stdio: "ignore" });
  const ended = (child: ChildProcess) =>
    new Promise<number | null>((resolve) => child.on("close", (code) => resolve(code)));

  const whole = join(folder, "whole");
  const began = performance.now();
  expect(await ended(launch(whole))).toBe(0);
  const wholeMs = performance.now() - began;
  const expected = readFileSync(join(whole, "model.safetensors"));
  const output = join(folder, "killed");
  const lost: string[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    // A run is killed again and again as it goes on, and begins anew where it has ended.
    const hasCheckpoint = readdirSync(folder).includes("killed") && hasFiles(output);
    const child = launch(output, hasCheckpoint ? "--resume" : "--overwrite");
    const close = ended(child);
    const afterMs = wholeMs * ((kill * 0.6180339887) % 1);
    const timer = setTimeout(() => child.kill("SIGKILL"), afterMs);
    const code = await close;
    clearTimeout(timer);
    if (code !== null && code !== 0) lost.push(`kill ${kill}: exit code ${code}`);
    if (code === 0 || kill === KILLS - 1) {
      if (code !== 0) {
        const last = await ended(launch(output, hasFiles(output) ? "--resume" : "--overwrite"));
        if (last !== 0) lost.push(`kill ${kill}: could not go on`);
      }
      if (!readFileSync(join(output, "model.safetensors")).equals(expected)) {
        lost.push(`kill ${kill}: other bits`);
      }
      rmSync(output, { recursive: true, force: true });
    }
  }
  rows.push(["processes killed at any time, that go on to the same bits", KILLS, lost.length, 0]);
  expect(lost).toEqual([]);
});

const hasFiles = (output: string): boolean => {
  try {
    return readdirSync(join(output, "checkpoint")).some((name) => name.endsWith(".safetensors"));
  } catch {
    return false;
  }
};
