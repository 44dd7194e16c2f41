import { expect, it } from "vitest";
import { peekable } from "../../../src/data/formats/peek.ts";
import { collect } from "../../support/files.ts";

function counting(count: number) {
  let opened = 0;
  const source = {
    name: "numbers",
    async *rows() {
      opened += 1;
      for (let line = 1; line <= count; line += 1) yield { row: { line }, line };
    },
  };
  return { source: peekable(source), opened: () => opened };
}

it.each([0, 1, 3])("the first of %j rows is not lost, and read once", async (count) => {
  const { source, opened } = counting(count);
  const first = await source.first();
  expect(first?.line).toBe(count === 0 ? undefined : 1);
  expect(await source.first()).toBe(first);
  const lines = (await collect(source.rows())).map(({ line }) => line);
  expect(lines).toEqual([1, 2, 3].slice(0, count));
  expect(opened()).toBe(1);
});

it("rows that were read are read anew", async () => {
  const { source, opened } = counting(2);
  expect(await collect(source.rows())).toEqual(await collect(source.rows()));
  expect((await source.first())?.line).toBe(1);
  expect(opened()).toBe(3);
});
