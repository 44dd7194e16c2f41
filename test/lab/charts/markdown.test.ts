import { expect, it } from "vitest";
import { markdownReport, markdownTable } from "../../../src/lab/charts/markdown.ts";

it("writes tables that Markdown reads as they are", () => {
  const table = { head: ["Method", "R|1"], rows: [["FLORA(8) projection=a_b", "*1*\n2"]] };
  expect(markdownTable(table)).toBe(
    String.raw`
| Method | R\|1 |
| --- | --- |
| FLORA(8) projection=a\_b | \*1\* 2 |`.trimStart(),
  );
});

it("writes a report", () => {
  const chart = { title: "Loss & time", xLabel: "x", yLabel: "y", series: [] };
  const report = {
    title: "Comparison",
    intro: "A <test>.",
    sections: [
      {
        heading: "Results",
        paragraphs: ["Look."],
        table: { head: ["A"], rows: [["1"]] },
        charts: [chart],
        code: "flora compare\n  --seeds 3",
      },
    ],
  };
  expect(markdownReport(report, (title) => `charts/${title.length}.svg`)).toBe(
    String.raw`# Comparison

A \<test\>.

## Results

| A |
| --- |
| 1 |

Look.

![Loss & time](charts/11.svg)

    flora compare
      --seeds 3
`,
  );
});
