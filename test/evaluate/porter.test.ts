/** @file porterStem against NLTK's PorterStemmer; see test/golden/make_rouge.py. */

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { porterStem } from "../../src/evaluate/porter.ts";

const path = new URL("../golden/rouge.json", import.meta.url);
/** Lines of a word and its stem. */
const { stems }: { readonly stems: readonly string[] } = JSON.parse(readFileSync(path, "utf8"));

it(`equals NLTK's on ${stems.length} words`, () => {
  const ours = stems.map((line) => {
    const [word = ""] = line.split(" ");
    return `${word} ${porterStem(word)}`;
  });
  expect(ours.length).toBeGreaterThan(2000);
  expect(ours).toEqual(stems);
});
