/**
 * @file A consumer of one's own: the losses of a run as CSV, for a spreadsheet. The same few lines take them from a run as it goes, from
 * its log afterwards, or from the log of a run that another process is at.
 */

import { writeFile } from "node:fs/promises";
import { followLog, type LoggedEvent, train, type TrainEvent } from "flora-train";

/** A line for each loss: which, after how many steps, and its value. */
async function csvOf(events: AsyncIterable<TrainEvent | LoggedEvent>): Promise<string> {
  const lines = ["what,step,loss"];
  for await (const event of events) {
    if (event.type !== "step" && event.type !== "evaluation") continue;
    lines.push(`${event.type},${event.step},${event.loss}`);
  }
  return `${lines.join("\n")}\n`;
}

const output = "runs/consumed";
const run = train({
  model: { n_embd: 32, n_layer: 1, n_head: 2, n_positions: 64 },
  data: Array.from({ length: 200 }, (_, i) => ({ text: `${i} and ${i} make ${2 * i}.` })),
  steps: Number(process.argv[2] ?? 20),
  batchSize: 8,
  rank: 8,
  output,
  overwrite: true,
});
const live = await csvOf(run);
await writeFile(`${output}/losses.csv`, live);
console.log(live);

const logged = await csvOf(followLog(output));
if (logged !== live) throw new Error("the log tells something else");
