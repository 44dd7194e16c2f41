/** What the documents name exists. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

const DOCUMENTS: readonly string[] = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** Paths of the repository, wherever they stand in a text. */
const PATHS = /(?<![\w./-])(?:bench|bin|docs|examples|scripts|src|test)\/[\w./-]*\w\/?/g;
const SCRIPTS = /`?npm run ([\w:-]+)/g;
const LINKS = /\]\((?!https?:)([^)#]+)/g;
const ANCHORS = /\]\((?!https?:)([^)#]*)#([^)]+)\)/g;

/** The anchors of the headings of a page, as GitHub makes them. */
const headings = (text: string): readonly string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-"),
  );

const found = (text: string, pattern: RegExp): readonly string[] =>
  [...text.matchAll(pattern)].map(([all, group]) => group ?? all);

describe.each(DOCUMENTS)("%s", (document) => {
  const text = readFileSync(document, "utf8");

  it("names files that there are", () => {
    expect(found(text, PATHS).filter((path) => !existsSync(path))).toEqual([]);
  });

  it("links to files that there are", () => {
    const targets = found(text, LINKS).map((target) => join(dirname(document), target));
    expect(targets.filter((path) => !existsSync(path))).toEqual([]);
  });

  it("links to headings that there are", () => {
    const lost = [...text.matchAll(ANCHORS)].filter(([, path = "", anchor = ""]) => {
      const target = path === "" ? document : join(dirname(document), path);
      return !headings(readFileSync(target, "utf8")).includes(anchor);
    });
    expect(lost.map(([all]) => all)).toEqual([]);
  });

  it("names scripts that there are", () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(
      readFileSync("package.json", "utf8"),
    );
    expect(found(text, SCRIPTS).filter((name) => !(name in scripts))).toEqual([]);
  });
});
