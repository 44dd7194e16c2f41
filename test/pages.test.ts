/** The pages of docs/ that are made from tables and types. `npm run pages` writes them anew. */

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { architectureTable, staleProofs } from "./support/architectures.ts";
import { commandsPage, logPage, optionsPage } from "./support/pages.ts";

it.each([
  ["options", optionsPage],
  ["commands", commandsPage],
  ["log-format", logPage],
])("writes docs/%s.md", async (name, page) => {
  await expect(await page()).toMatchFileSnapshot(`../docs/${name}.md`);
});

const SUPPORT = "docs/support.md";
const TABLE = /(<!-- architectures: npm run pages -->\n\n)[^]*?(\n*<!-- end of architectures -->)/;

it("says of each architecture what tests prove", async () => {
  const page = readFileSync(SUPPORT, "utf8");
  expect(page).toMatch(TABLE);
  const written = page.replace(TABLE, (_, start: string) => {
    return `${start}${architectureTable()}\n\n<!-- end of architectures -->`;
  });
  await expect(written).toMatchFileSnapshot(`../${SUPPORT}`);
});

it("points at tests that are there", () => {
  expect(staleProofs()).toEqual([]);
});
