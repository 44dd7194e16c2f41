/** Comparisons through real processes. */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { folder, pairsFile } from "./support.ts";

const BIN = fileURLToPath(new URL("../../bin/flora.js", import.meta.url));

const words = (output: string, methods: string, steps: number): string[] => [
  BIN,
  "compare",
  `--methods=${methods}`,
  `--train=${pairsFile}`,
  `--output=${output}`,
  "--model.n_embd=16",
  "--model.n_layer=1",
  "--model.n_head=2",
  "--model.n_positions=128",
  "--batch-size=4",
  "--micro-steps=2",
  `--steps=${steps}`,
  "--evaluation-batches=1",
  "--translations=2",
];

it("trains two methods, shows the guard, and reads everything from the logs", () => {
  const output = join(folder, "compared");
  const methods = "none,flora:4,flora:4@momentum=0.9@resampleEvery=1";
  const { status, stdout, stderr } = spawnSync(process.execPath, words(output, methods, 3), {
    encoding: "utf8",
  });
  expect(stderr.replace("building (once) ...\n", "")).toBe("");
  expect(status).toBe(0);
  expect(stdout).toMatch(/refused: --resample-every: the momentum of .* would grow without bound/);
  expect(stdout).toMatch(/^FLORA\(4\) +\d+\.\d +[+-]\d+\.\d +[+-]\d+\.\d\d +\d\.\d{3}/m);
  const results: unknown = JSON.parse(readFileSync(join(output, "results.json"), "utf8"));
  expect(results).toMatchObject({
    results: [
      {
        label: "None",
        status: "finished",
        runs: [{ curve: [{ microBatches: 0 }, {}, {}, { microBatches: 6 }] }],
      },
      { label: "FLORA(4)", status: "finished", runs: [{ bleu: expect.any(Number) }] },
      { status: "refused" },
    ],
  });
});

it("goes on with a run that Ctrl-C has ended", async () => {
  const output = join(folder, "interrupted");
  const command = words(output, "flora:4", 120);
  const first = spawn(process.execPath, command, { stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  first.stdout.setEncoding("utf8").on("data", (more: string) => {
    text += more;
  });
  const log = join(output, "runs", "flora-4-s0-lr0.1", "log.jsonl");
  const ended = new Promise((resolve) => first.on("close", resolve));
  while (!existsSync(log) || !readFileSync(log, "utf8").includes('"type":"step"')) await sleep(20);
  first.kill("SIGINT");
  expect(await ended).toBe(130);
  expect(text).toMatch(/interrupted; go on with:\n {2}(npx )?flora compare --methods=flora:4 /);
  const second = spawnSync(process.execPath, command, { encoding: "utf8" });
  expect(second.stdout).toContain("goes on from its checkpoint");
  expect(second.status).toBe(0);
  const steps = readFileSync(log, "utf8").match(/"type":"step","step":\d+/g);
  expect(new Set(steps).size).toBe(120);
  expect(steps).toHaveLength(120);
}, 60_000);
