/** Proposals for losses whose blow-up is known, and for a model that then trains. */

import { describe, expect, it } from "vitest";
import { writeFile } from "../../src/host/content.ts";
import { memoryHost } from "../../src/host/in-memory.ts";
import { parseConfig, type TrainOptions } from "../../src/options/config.ts";
import {
  proposeRate,
  RANGE_STEPS,
  type RatePoint,
  ratesOf,
  testRates,
} from "../../src/train/find-rate.ts";
import { train } from "../../src/train/run.ts";
import { sharedRuntime as runtime } from "../support/shared-runtime.ts";

const rates = ratesOf(parseConfig({ optimizer: "adam" }));

describe("the rates of a test", () => {
  it("grow by the same factor, from 1e-6 to 1, or as much higher as the usual rate is", () => {
    expect(rates).toHaveLength(RANGE_STEPS);
    expect(rates[0]).toBeCloseTo(1e-6, 12);
    expect(rates.at(-1)).toBe(1);
    const [first = 0, second = 0] = rates;
    for (const [i, rate] of rates.entries()) {
      expect(rate / first / (second / first) ** i).toBeCloseTo(1, 9);
    }
    expect(ratesOf(parseConfig({ optimizer: "sgd" })).at(-1)).toBe(30);
  });
});

describe("a proposal", () => {
  /** Losses c x² / 2 of gradient descent, which goes away from 0 at rates above 2 / c. */
  const descent = (curvature: number): RatePoint[] => {
    let x = 1;
    return rates.map((rate) => {
      const loss = (curvature * x ** 2) / 2;
      x -= rate * curvature * x;
      return { rate, loss };
    });
  };

  it.each([3, 30, 300])("converges on a parabola of curvature %d", (curvature) => {
    const { rate = 0, isBlownUp } = proposeRate(descent(curvature));
    expect(rate).toBeLessThan(2 / curvature);
    // Not so small that it takes forever.
    expect(rate).toBeGreaterThan(0.02 / curvature);
    expect(isBlownUp).toBe(curvature > 3);
  });

  it("is none where the loss falls at no rate", () => {
    const flat = rates.map((rate) => ({ rate, loss: rate > 0.1 ? 9 : 4 }));
    expect(proposeRate(flat)).toMatchObject({ rate: undefined, isBlownUp: true });
    expect(proposeRate([{ rate: 1, loss: Number.NaN }]).rate).toBeUndefined();
  });

  it("takes a loss that is no number for one that has blown up", () => {
    const points = descent(300).slice(0, 60);
    expect(proposeRate(points).isBlownUp).toBe(false);
    expect(proposeRate([...points, { rate: 1, loss: Number.NaN }]).isBlownUp).toBe(true);
  });
});

describe("a test of a model", () => {
  const options: TrainOptions = {
    model: { n_embd: 16, n_layer: 1, n_head: 2, n_positions: 32 },
    train: "pairs.jsonl",
    tokenizer: "bytes",
    batchSize: 8,
    rank: 4,
    translations: 0,
    samples: 0,
  };
  const rows = Array.from({ length: 60 }, (_, i) => ({ source: `${i} + 1 =`, target: `${i + 1}` }));

  async function hostWithData() {
    const host = memoryHost();
    await writeFile(host.files, "pairs.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"));
    return host;
  }

  it.each(["adafactor", "adam"] as const)(
    "writes nothing, says the same again, and proposes what %s trains with",
    async (optimizer) => {
      const host = await hostWithData();
      const before = host.changes();
      const config = parseConfig({ ...options, optimizer });
      const points = await collect(testRates(config, { host, runtime }));
      expect(await collect(testRates(config, { host, runtime }))).toEqual(points);
      expect(host.changes()).toBe(before);

      const { rate: learningRate } = proposeRate(points);
      if (learningRate === undefined) throw new Error("no rate was found");
      const losses: number[] = [];
      const request = { ...options, optimizer, learningRate, steps: 80, train: undefined };
      for await (const event of train({ ...request, data: rows }, { host, runtime })) {
        if (event.type === "step") losses.push(event.loss);
        if (event.type === "end") expect(event.reason).toBe("finished");
      }
      const [first = 0] = losses;
      const last = mean(losses.slice(-10));
      expect(last).toBeLessThan(first * 0.8);
      // It goes down all the way.
      expect(last).toBeLessThan(mean(losses.slice(30, 50)));
    },
  );

  it("ends when the loss has blown up", async () => {
    const host = await hostWithData();
    const config = parseConfig({ ...options, optimizer: "sgd", maxGradNorm: undefined });
    const points = await collect(testRates(config, { host, runtime }));
    expect(points.length).toBeLessThan(RANGE_STEPS);
    expect(proposeRate(points).isBlownUp).toBe(true);
  });
});

async function collect(points: AsyncIterable<RatePoint>): Promise<RatePoint[]> {
  const all: RatePoint[] = [];
  for await (const point of points) all.push(point);
  return all;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
