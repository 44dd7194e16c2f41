import { describe, expect, it } from "vitest";
import { chooser, damagedFile, outcomeOf, READERS } from "../reliability/readers.ts";

/** Inputs of each reader; `npm run test:reliability` has more. */
const INPUTS = 300;

describe.each(Object.entries(READERS))("%s", (_, reader) => {
  it("that is right is read", async () => {
    for (const seed of reader.seeds) {
      const content = typeof seed === "string" ? new TextEncoder().encode(seed) : seed;
      expect(await outcomeOf(reader, content)).toBe("a result");
    }
  });

  it("that is damaged is read, or refused in a sentence", async () => {
    const choose = chooser(1);
    for (let input = 0; input < INPUTS; input++) {
      const content = damagedFile(reader.seeds, choose);
      const outcome = await outcomeOf(reader, content);
      if (outcome === "a result" || outcome === "a sentence") continue;
      throw new Error(`${outcome}\n${new TextDecoder().decode(content)}`);
    }
  });
});
