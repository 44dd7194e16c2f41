/**
 * @file A tracker of one's own: the numbers of a run, sent to a service as they come. The service is a small server here, which keeps what
 * it is sent; yours has another address, and a key.
 */

import { createServer } from "node:http";
import { type Tracker, train } from "flora-train";
import { metricsOf } from "flora-train/train";

/** Sends what of an event is a number, as {"step": 3, "train/loss": 2.1, ...}. If it throws, the run notes so and goes on. */
const sendTo =
  (address: string): Tracker =>
  async (event) => {
    const metrics = metricsOf(event);
    if (!metrics) return;
    const { step, values } = metrics;
    const answer = await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ step, ...values }),
    });
    if (!answer.ok) throw new Error(`${address} says ${answer.status}`);
  };

const received: string[] = [];
const service = createServer((request, response) => {
  request.setEncoding("utf8");
  request.on("data", (part: string) => received.push(part));
  request.on("end", () => response.end());
});
await new Promise<void>((ready) => service.listen(0, "127.0.0.1", ready));
const address = service.address();
const port = typeof address === "object" ? address?.port : undefined;

const steps = Number(process.argv[2] ?? 20);
await train({
  model: { n_embd: 32, n_layer: 1, n_head: 2, n_positions: 64 },
  data: Array.from({ length: 200 }, (_, i) => ({ text: `${i} and ${i} make ${2 * i}.` })),
  steps,
  batchSize: 8,
  rank: 8,
  trackers: [sendTo(`http://127.0.0.1:${port}`)],
}).result();
service.close();

for (const line of received) console.log(line);
const trained = received.filter((line) => line.includes('"train/loss"'));
if (trained.length !== steps) throw new Error("the service did not hear of every step");
