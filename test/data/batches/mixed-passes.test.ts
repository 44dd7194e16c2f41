import { expect, it } from "vitest";
import { mixedPasses } from "../../../src/data/index.ts";

async function* lettersOf(word: string): AsyncGenerator<string> {
  for (const letter of word) yield await Promise.resolve(letter);
}

async function drawn(weights: readonly number[], words: readonly string[], count: number) {
  const letters: string[] = [];
  for await (const letter of mixedPasses(weights, (part) => lettersOf(words[part] ?? ""))) {
    letters.push(letter);
    if (letters.length === count) break;
  }
  return letters.join("");
}

it.each([
  // Worked out by hand: the credits before a draw, of which the highest is drawn.
  // 0.75 0.25 | 0.5 0.5 | 0.25 0.75 | 1 0
  [[3, 1], ["abc", "XY"], "abXcabYc"],
  [[1, 1], ["ab", "X"], "aXbXaXbX"],
])("weights %j of %j are %s", async (weights, words, expected) => {
  expect(await drawn(weights, words, expected.length)).toBe(expected);
});

it("draws from each what its weight says, at every moment", async () => {
  const weights = [5, 2, 0.5];
  const letters = await drawn(weights, ["abc", "X", "-"], 600);
  for (const end of [15, 60, 599]) {
    const seen = letters.slice(0, end);
    for (const [part, pattern] of [/[abc]/g, /X/g, /-/g].entries()) {
      const share = (weights[part] ?? 0) / 7.5;
      expect(Math.abs((seen.match(pattern)?.length ?? 0) - end * share)).toBeLessThan(3);
    }
  }
});

it("says where there is nothing in a part", async () => {
  await expect(drawn([1, 1], ["a", ""], 4)).rejects.toThrow("there is nothing to learn from");
});
