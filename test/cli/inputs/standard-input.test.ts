import { describe, expect, it } from "vitest";
import { withStandardInput } from "../../../src/cli/inputs/standard-input.ts";
import { readBytes } from "../../../src/host/content.ts";
import { nodeFiles, write } from "../../support/files.ts";
import { asRanks } from "../../support/ranks.ts";

const input = async function* () {
  for (const text of ["a\n", "", "b"]) yield new TextEncoder().encode(text);
};
const nothing = async function* () {
  yield await Promise.reject(new Error("nobody reads it"));
};
const textOf = async (files: typeof nodeFiles, path: string) =>
  new TextDecoder().decode(await readBytes(files, path));

describe("the standard input", () => {
  it("is a file that can be read again, beside the others", async () => {
    const files = withStandardInput(nodeFiles, { train: ["-"], validation: ["a.txt"] }, input());
    expect([await textOf(files, "-"), await textOf(files, "-")]).toEqual(["a\nb", "a\nb"]);
    const file = await files.open("-");
    expect(new TextDecoder().decode(await file.read(1, 3))).toBe("\nb");
    const [path = ""] = await write({ "a.txt": "c" });
    expect(await textOf(files, path)).toBe("c");
  });

  it("is told to the other ranks, which have none", async () => {
    const all = await asRanks(3, async (ranks) => {
      const own = ranks.rank === 0 ? input() : nothing();
      const files = withStandardInput(nodeFiles, { train: ["-"] }, own, ranks);
      return [await textOf(files, "-"), await textOf(files, "-")];
    });
    for (const found of all) expect(found).toEqual(["a\nb", "a\nb"]);
  });

  it("is not touched where nobody names it", () => {
    expect(withStandardInput(nodeFiles, { train: ["a.txt"] }, input())).toBe(nodeFiles);
  });

  it("has one reader", () => {
    const open = () => withStandardInput(nodeFiles, { train: ["-"], validation: ["-"] }, input());
    expect(open).toThrow("is read once; got it 2 times");
  });
});
