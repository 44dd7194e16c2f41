/** @file What a stranger writes: rows in memory, ten steps of a tiny model on them, and its log. Compiled and run by `npm run test:package`. */

import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readLog, train, type TrainResult } from "flora-train";

const output = join(mkdtempSync(join(tmpdir(), "flora-consumer-")), "model");
const data = Array.from({ length: 40 }, (_, i) => ({
  prompt: `${i} and ${i + 1} make `,
  completion: `${2 * i + 1}.`,
}));

const run = train({
  model: { n_embd: 16, n_layer: 1, n_head: 2, n_positions: 64 },
  data,
  steps: 10,
  batchSize: 4,
  rank: 4,
  translations: 0,
  output,
});

const losses: number[] = [];
for await (const event of run) {
  if (event.type === "step") losses.push(event.loss);
}
const [first = Number.NaN, last = Number.NaN] = [losses.at(0), losses.at(-1)];
if (losses.length !== 10 || !losses.every(Number.isFinite)) {
  throw new Error(`expected ten finite losses; got ${losses.join(", ")}`);
}

const result: TrainResult = await run.result();
if (result.reason !== "finished") throw new Error(`expected an end; got ${result.reason}`);
const text = await result.generate("1 and 2 make \n", { maxNewTokens: 4 });
await result.dispose();

const logged = (await readLog(output)) ?? [];
const written = logged.flatMap((event) => (event.type === "step" ? [event.loss] : []));
if (written.join() !== losses.join()) throw new Error("the log tells other losses");
if (!readFileSync(join(output, "config.json"), "utf8").includes("gpt2")) {
  throw new Error("expected a GPT-2");
}
console.log(`10 steps, loss ${first.toFixed(3)} to ${last.toFixed(3)}, ${text.length} characters`);
