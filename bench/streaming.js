// Peak memory and speed of a run over files that are larger than what it may take: node bench/streaming.js [gigabytes]
// The rows are written into a temporary folder, which is removed. Most of them are too long for the model and are left out after they were
// encoded, so that few steps go through the whole file.
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { train } from "../dist/index.js";

const GIGABYTES = Number(process.argv[2] ?? 2);
const ROW_BYTES = 20_000;
/** One row of so many is short. */
const SHORT_EVERY = 8;
const STREAM = 2048;
const BATCH = 512;

async function writeRows(path, bytes) {
  const file = createWriteStream(path);
  let rows = 0;
  for (let written = 0; written < bytes; rows += 1) {
    const length = rows % SHORT_EVERY === 0 ? 1 : ROW_BYTES;
    const row = { source: `${rows} `.padEnd(length, "and on "), target: String(rows % 10) };
    const line = `${JSON.stringify(row)}\n`;
    written += line.length;
    if (!file.write(line)) await once(file, "drain");
  }
  file.end();
  await finished(file);
  return rows;
}

async function measure(folder, bytes) {
  const path = join(folder, `${bytes}.jsonl`);
  const rows = await writeRows(path, bytes);
  const steps = Math.ceil(rows / STREAM) * Math.ceil(STREAM / BATCH);
  const run = train({
    model: { n_embd: 32, n_layer: 1, n_head: 2, n_positions: 32 },
    data: path,
    stream: STREAM,
    tooLong: "drop",
    steps,
    batchSize: BATCH,
    rank: 8,
    evaluateEvery: steps,
    evaluationBatches: 1,
    samples: 0,
    translations: 0,
  });
  const startMs = performance.now();
  let last;
  for await (const event of run) if (event.type === "step") last = event;
  const seconds = (performance.now() - startMs) / 1000;
  const peak = process.resourceUsage().maxRSS * 1024;
  await rm(path);
  console.log(
    `${(bytes / 1e9).toFixed(2)} GB, ${rows} rows, ${steps} steps: peak ${(peak / 1e6).toFixed(0)} MB, ` +
      `${(bytes / 1e6 / seconds).toFixed(0)} MB/s, loss ${last.loss.toFixed(2)}`,
  );
}

const folder = await mkdtemp(join(tmpdir(), "flora-streaming-"));
try {
  for (const bytes of [GIGABYTES * 0.05e9, GIGABYTES * 1e9]) await measure(folder, bytes);
} finally {
  await rm(folder, { recursive: true, force: true });
}
