import { expect, it } from "vitest";
import { comparisonReport, complaints, shortReport } from "../../../src/lab/compare/report.ts";
import { htmlReport } from "../../../src/lab/charts/html.ts";
import { fakePlan } from "../fake-launch.ts";
import { finished, refused } from "../results.ts";

const trials = [
  { rate: 0.02, loss: 1.5 },
  { rate: 0.06, loss: 1.4 },
  { rate: 0.18, loss: Infinity },
];
const results = [
  finished("none", { loss: 1.25, stateBytes: 1e6 }),
  finished(
    "flora:8",
    { loss: 1.5 },
    { rate: { value: 0.02, how: "sweep", trials, unstable: [0.06] } },
  ),
  refused("flora:4@resampleEvery=1"),
];
const plan = fakePlan("none,flora:8,flora:4@resampleEvery=1,dense", {
  output: "out",
  notes: ["Left out: rank 256, as the model is only 128 wide."],
  seeds: [0, 1],
});
const report = comparisonReport(plan, results, {
  charts: ["steps", "state"],
  command: "flora compare --seeds 2",
});
const section = (heading: string) => report.sections.find((each) => each.heading === heading);

it("says what came out, what is missing and what to look at", () => {
  const { paragraphs = [], table } = section("Results") ?? {};
  expect(paragraphs[0]).toBe("Look here.");
  expect(paragraphs).toContain(
    "FLORA(4) resampleEvery=1: refused: resampleEvery: the momentum would grow without bound.",
  );
  expect(paragraphs).toContain("Not trained yet: Dense.");
  expect(paragraphs).toContain("Left out: rank 256, as the model is only 128 wide.");
  expect(table?.rows.map(([label]) => label)).toEqual([
    "None",
    "FLORA(8)",
    "FLORA(4) resampleEvery=1",
  ]);
});

it("tells what a sweep tried", () => {
  expect(section("Learning rates")?.table?.rows).toEqual([
    ["FLORA(8)", "0.02", "1.500", "chosen"],
    ["FLORA(8)", "0.06", "1.400", "did not last"],
    ["FLORA(8)", "0.18", "diverged", ""],
  ]);
  const withoutSweep = shortReport(plan, results.slice(0, 1), ["steps"]);
  expect(withoutSweep.sections.map(({ heading }) => heading)).toEqual([
    "Results",
    "Pictures",
    "Memory and time",
  ]);
});

it("tells what was done, so that it can be done again", () => {
  const { paragraphs = [], code } = section("How it was done") ?? {};
  expect(code).toBe("flora compare --seeds 2");
  expect(paragraphs[0]).toMatch(/^Every run: 40 steps of 2 micro-batches of 8 .* seeds 0, 1\./);
  expect(paragraphs).toContain("Data: 100 pairs, 10 held out.");
  expect(paragraphs).toContain("BLEU: sacreBLEU nrefs:1.");
  expect(section("Runs")?.table?.rows[0]).toEqual([
    "None",
    "0",
    "finished",
    "2.0000",
    "20.00",
    "12.5",
    "runs/a-s0",
  ]);
});

it("is one HTML file with every row and picture", () => {
  const html = htmlReport(report);
  for (const text of ["FLORA(8)", "FLORA(4) resampleEvery=1", "refused", "Look here."]) {
    expect(html).toContain(text);
  }
  expect(html.match(/<svg/g)).toHaveLength(2);
  expect(html).not.toMatch(/<script|src=|href=/);
});

it("complains of nothing where all went well", () => {
  expect(complaints(results.slice(0, 2))).toEqual([]);
});
