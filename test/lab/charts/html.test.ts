import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { htmlReport, type Report } from "../../../src/lab/charts/html.ts";
import { findAll, type MarkupElement, parseMarkup, textContent } from "../../support/markup.ts";

const CHART = {
  title: "Loss",
  xLabel: "step",
  yLabel: "nats",
  series: [
    {
      name: "a",
      kind: "line",
      points: [
        [0, 0],
        [1, 1],
      ],
    },
  ],
} as const;
const REPORT: Report = {
  title: "Report",
  intro: "What this is.",
  sections: [
    {
      heading: "First",
      paragraphs: ["One.", "Two."],
      table: {
        head: ["method", "loss", "note"],
        rows: [
          ["a", "2.27 ± 0.02", "five seeds"],
          ["b", "−1.5", "-"],
        ],
      },
      charts: [CHART, CHART],
      code: "\nx < y && z\n  indented",
    },
    { heading: "Second", paragraphs: [] },
  ],
};

/** The body; the head has void elements, which are no XML. */
function bodyOf(report: Report): MarkupElement {
  const page = htmlReport(report);
  return parseMarkup(
    page.slice(page.indexOf("<body>"), page.indexOf("</body>") + "</body>".length),
  );
}

const textsOf = (element: MarkupElement, name: string) => findAll(element, name).map(textContent);

describe("a report", () => {
  it("has what it was given, in order", () => {
    const body = bodyOf(REPORT);
    expect(textsOf(body, "h1")).toEqual(["Report"]);
    expect(textsOf(body, "h2")).toEqual(["First", "Second"]);
    expect(textsOf(body, "p")).toEqual(["What this is.", "One.", "Two."]);
    expect(textsOf(body, "th")).toEqual(["method", "loss", "note"]);
    expect(textsOf(body, "td")).toEqual(["a", "2.27 ± 0.02", "five seeds", "b", "−1.5", "-"]);
    expect(findAll(body, "svg")).toHaveLength(2);
    // HTML drops the first line break of pre, so it needs one more.
    expect(textsOf(body, "pre")).toEqual(["\n\nx < y && z\n  indented"]);
  });

  it("has the colours of the page that shows runs, charts too", () => {
    const report = htmlReport(REPORT);
    const style = readFileSync("page/style.css", "utf8");
    const colors = style.match(/--(?:paper|card|ink|quiet|line): #\w+;/g) ?? [];
    // By day and by night.
    expect(colors).toHaveLength(10);
    for (const color of colors) expect(report).toContain(`  ${color}\n`);
    const drawn = findAll(bodyOf(REPORT), "rect").map(({ attributes }) => attributes["fill"]);
    expect(drawn).toEqual(["var(--card)", "var(--card)"]);
  });

  it("aligns columns of numbers to the right, heads too", () => {
    const body = bodyOf(REPORT);
    const classes = ["th", "td"].flatMap((name) =>
      findAll(body, name).map(({ attributes }) => attributes["class"]),
    );
    expect(classes).toEqual(
      Array.from({ length: 3 }, () => [undefined, "number", undefined]).flat(),
    );
  });

  it.each([
    ["12", true],
    ["1,493 MB", true],
    ["3.1 %", true],
    ["1e-4", true],
    ["0.25×", true],
    ["12 things and more", false],
    ["v1.2.3-beta", false],
    ["", false],
  ])("takes a column of %j for numbers: %s", (cell, expected) => {
    const body = bodyOf({
      ...REPORT,
      sections: [{ heading: "", paragraphs: [], table: { head: ["x"], rows: [[cell]] } }],
    });
    expect(findAll(body, "td")[0]?.attributes["class"] === "number").toBe(expected);
  });

  it("escapes everything", () => {
    const evil = `<script>alert("&'")</script>`;
    const report: Report = {
      title: evil,
      intro: evil,
      sections: [
        {
          heading: evil,
          paragraphs: [evil],
          table: { head: [evil], rows: [[evil]] },
          charts: [{ ...CHART, title: evil }],
          code: evil,
        },
      ],
    };
    expect(htmlReport(report)).not.toContain("<script");
    expect(findAll(bodyOf(report), "script")).toEqual([]);
    expect(textsOf(bodyOf(report), "td")).toEqual([evil]);
    expect(htmlReport(report)).toContain("<title>&lt;script&gt;alert");
  });

  it("is one page that asks for nothing from elsewhere", () => {
    const page = htmlReport(REPORT);
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">/);
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    const own = page.replaceAll('xmlns="http://www.w3.org/2000/svg"', "");
    expect(own).not.toMatch(/https?:|src=|href|url\(|@import|<script|<link/);
    for (const need of ["width=device-width", "prefers-color-scheme: dark", "@media print"]) {
      expect(page).toContain(need);
    }
  });
});
