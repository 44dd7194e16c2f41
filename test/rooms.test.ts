/** The picture and the table of the rooms are those of the imports. `npm run rooms` writes them anew. */

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { drawRooms } from "./support/draw-rooms.ts";
import { FLOORS } from "./support/floors.ts";
import { aboutOf, folders, roomTable } from "./support/rooms.ts";

const PAGE = "docs/dev/architecture.md";
const TABLE = /(<!-- rooms: npm run rooms -->\n\n)[^]*?(\n\n<!-- end of rooms -->)/;

it("draws what imports what", async () => {
  await expect(drawRooms(folders())).toMatchFileSnapshot("../docs/figures/rooms.svg");
});

it("says what belongs in each room", async () => {
  const abouts = FLOORS.flat().map((room) => [room.room, aboutOf(room)] as const);
  expect(abouts.filter(([, about]) => !about.endsWith("."))).toEqual([]);
  const page = readFileSync(PAGE, "utf8");
  expect(page).toMatch(TABLE);
  const written = page.replace(TABLE, (_, start: string, end: string) => start + roomTable() + end);
  await expect(written).toMatchFileSnapshot(`../${PAGE}`);
});
