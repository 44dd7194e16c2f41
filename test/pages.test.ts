/** The pages of docs/ that are made from tables and types. `npm run pages` writes them anew. */

import { expect, it } from "vitest";
import { commandsPage, logPage, optionsPage } from "./support/pages.ts";

it.each([
  ["options", optionsPage],
  ["commands", commandsPage],
  ["log-format", logPage],
])("writes docs/%s.md", async (name, page) => {
  await expect(await page()).toMatchFileSnapshot(`../docs/${name}.md`);
});
