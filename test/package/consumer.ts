/** @file What a stranger writes: rows in a file, then ten steps of a tiny model on them. Compiled and run by `npm run test:package`. */

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig, train } from "flora-train";

const folder = mkdtempSync(join(tmpdir(), "flora-consumer-"));
const rows = Array.from({ length: 40 }, (_, i) => ({
  prompt: `${i} and ${i + 1} make `,
  completion: `${2 * i + 1}.`,
}));
const file = join(folder, "rows.jsonl");
writeFileSync(file, rows.map((row) => JSON.stringify(row)).join("\n"));

const config = parseConfig({
  train: file,
  model: { n_embd: 16, n_layer: 1, n_head: 2, n_positions: 64 },
  steps: 10,
  batchSize: 4,
  rank: 4,
  translations: 0,
  output: join(folder, "model"),
});

const losses: number[] = [];
for await (const event of train(config)) {
  if (event.type === "step") losses.push(event.loss);
}
const [first = Number.NaN, last = Number.NaN] = [losses.at(0), losses.at(-1)];
if (losses.length !== 10 || !losses.every(Number.isFinite)) {
  throw new Error(`expected ten finite losses; got ${losses.join(", ")}`);
}
console.log(`10 steps, loss ${first.toFixed(3)} to ${last.toFixed(3)}`);
