/**
 * @file Data of one's own: a format of files that the library does not know, and rows that are made in memory. Neither needs a change
 * of the library.
 */

import { mkdir, writeFile } from "node:fs/promises";
import { train } from "flora-train";
import { type Format, FORMATS, linesOf, type Row } from "flora-train/data";

/** Sums as "12+30=42", one a line. */
const sums: Format = {
  extensions: [".sums"],
  kinds: ["pairs"],
  open: ({ files, path }) => ({
    name: path,
    async *rows() {
      for await (const { text, line } of linesOf(files, path)) {
        const [source = "", target = ""] = text.split("=");
        yield { row: { source, target }, line };
      }
    },
  }),
};

/** Any rows will do, from wherever they come: a database, say. */
async function* heldOut(): AsyncGenerator<Row> {
  for (let a = 0; a < 10; a += 1) yield { source: `${a}+${9 - a}`, target: "9" };
}

await mkdir("runs", { recursive: true });
const lines = Array.from({ length: 500 }, (_, i) => [i % 25, Math.floor(i / 25)] as const);
await writeFile("runs/train.sums", lines.map(([a, b]) => `${a}+${b}=${a + b}\n`).join(""));

const run = train({
  data: "runs/train.sums",
  validation: heldOut,
  formats: [...FORMATS, sums],
  model: { n_embd: 64, n_layer: 2, n_head: 2, n_positions: 32 },
  steps: Number(process.argv[2] ?? 20),
  batchSize: 16,
  rank: 16,
  translations: 0,
});
for await (const event of run) {
  if (event.type === "step") console.log(`step ${event.step}  loss ${event.loss.toFixed(3)}`);
  if (event.type === "evaluation") console.log(`held out  loss ${event.loss.toFixed(3)}`);
}
