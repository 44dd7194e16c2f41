import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { comparisonReport } from "../../../src/lab/compare/report.ts";
import { fakePlan } from "../fake-launch.ts";
import { finished, refused } from "../results.ts";
import { openDirectory, writeReports } from "../../support/on-node.ts";

const keep = { overwrite: false };
const replace = { overwrite: true };

describe("openDirectory", () => {
  it("goes on with the same options, also with more methods and seeds", async () => {
    const plan = fakePlan("dense");
    await openDirectory(plan, keep);
    mkdirSync(join(plan.output, "runs"));
    const { methods } = fakePlan("dense,flora:8");
    const base = { ...plan.base, seed: 3 };
    await openDirectory({ ...plan, base, methods, seeds: [3, 4] }, keep);
    expect(readdirSync(plan.output).toSorted()).toEqual(["comparison.json", "runs"]);
  });

  it("refuses a comparison with other options, unless it may be replaced", async () => {
    const plan = fakePlan("dense");
    await openDirectory(plan, keep);
    mkdirSync(join(plan.output, "runs", "dense-s0"), { recursive: true });
    const other = { ...plan, base: { ...plan.base, steps: 41 } };
    await expect(openDirectory(other, keep)).rejects.toThrow(
      expect.objectContaining({
        message: `output: holds a comparison with other options; got ${plan.output}`,
        hint: "give another --output, or --overwrite to replace it",
        constructor: UsageError,
      }),
    );
    expect(existsSync(join(plan.output, "runs"))).toBe(true);
    await openDirectory(other, replace);
    expect(existsSync(join(plan.output, "runs"))).toBe(false);
    await openDirectory(other, keep);
  });

  it("refuses what is no comparison, and never empties it", async () => {
    const plan = fakePlan("dense");
    mkdirSync(join(plan.output, "runs"), { recursive: true });
    await expect(openDirectory(plan, keep)).rejects.toThrow("something that is no comparison");
    await openDirectory(plan, replace);
    expect(existsSync(join(plan.output, "runs"))).toBe(true);
  });

  it("refuses a file", async () => {
    const plan = fakePlan("dense");
    writeFileSync(plan.output.replace(/comparison$/, "file"), "");
    const output = plan.output.replace(/comparison$/, "file");
    await expect(openDirectory({ ...plan, output }, keep)).rejects.toBeInstanceOf(UsageError);
  });
});

it("writes four reports and the pictures", async () => {
  const plan = fakePlan("dense,flora:8");
  const trials = [{ rate: 1, loss: Infinity }];
  const rate = { value: 0.02, how: "sweep" as const, trials, unstable: [] };
  const results = [finished("dense", { loss: 1, stateBytes: 1e6 }, { rate }), refused("flora:8")];
  const options = { charts: ["steps", "state"], command: "flora compare" } as const;
  const report = comparisonReport(plan, results, options);
  await writeReports({ plan, results, report, text: "plain\n" });
  expect(readdirSync(plan.output).toSorted()).toEqual([
    "charts",
    "report.html",
    "report.md",
    "report.txt",
    "results.json",
  ]);
  const read = (name: string) => readFileSync(join(plan.output, name), "utf8");
  expect(read("report.txt")).toBe("plain\n");
  expect(read("report.html")).toMatch(/^<!doctype html>/);
  const links = [...read("report.md").matchAll(/\]\((.*\.svg)\)/g)].map(([, path = ""]) => path);
  expect(links).toHaveLength(2);
  for (const link of links) expect(read(link)).toMatch(/^<svg/);
  expect(JSON.parse(read("results.json"))).toMatchObject({
    methods: ["dense", "flora:8"],
    results: [
      {
        label: "Dense",
        summaries: { loss: { mean: 1, count: 1 } },
        rate: { trials: [{ loss: "Infinity" }] },
      },
      { label: "FLORA(8)", status: "refused" },
    ],
  });
});
