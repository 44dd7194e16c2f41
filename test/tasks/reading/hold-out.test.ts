import { describe, expect, it } from "vitest";
import { ownTokens, type SharedTokens } from "../../../src/data/index.ts";
import { type HoldOut, holdOut } from "../../../src/tasks/reading/hold-out.ts";
import { asRanks, dealtTokens } from "../../support/ranks.ts";

interface Row {
  readonly text: string;
}
const rows = (count: number, start = 0): readonly Row[] =>
  Array.from({ length: count }, (_, i) => ({ text: `row ${start + i}` }));
const textsOf = (all: readonly Row[]) => new Set(all.map(({ text }) => text));

describe("what is held out of examples", () => {
  it.each([0.05, 0.3, 0.9])("is the share %d, within four standard deviations", (share) => {
    const { training, validation } = holdOut(3, share).cut(rows(10_000));
    expect(training.length + validation.length).toBe(10_000);
    const deviation = Math.sqrt(10_000 * share * (1 - share));
    expect(Math.abs(validation.length - 10_000 * share)).toBeLessThan(4 * deviation);
  });

  it("is a twentieth where nobody says how much", () => {
    const { validation } = holdOut(0).cut(rows(10_000));
    expect(validation).toEqual(holdOut(0, 0.05).cut(rows(10_000)).validation);
  });

  it("comes from everywhere", () => {
    const all = rows(10_000);
    const { validation } = holdOut(1, 0.1).cut(all);
    const held = textsOf(validation);
    const thirds = [0, 1, 2].map((third) =>
      all.slice(third * 3300, (third + 1) * 3300).filter(({ text }) => held.has(text)),
    );
    for (const { length } of thirds) expect(Math.abs(length - 330)).toBeLessThan(4 * 17.3);
  });

  it("stays where it is when rows are added, and wherever a row stands", () => {
    const before = holdOut(5).cut(rows(2000));
    const after = holdOut(5).cut([...rows(1500, 2000), ...rows(2000).toReversed()]);
    const [trained, held] = [textsOf(after.training), textsOf(after.validation)];
    expect(before.training.every(({ text }) => trained.has(text))).toBe(true);
    expect(before.validation.every(({ text }) => held.has(text))).toBe(true);
  });

  it("keeps the order, has the copies of a row, and is another for another seed", () => {
    const all = [...rows(500), ...rows(500)];
    const { training, validation } = holdOut(2).cut(all);
    expect([...textsOf(validation)].filter((text) => textsOf(training).has(text))).toEqual([]);
    expect(validation).toEqual(all.filter((row) => textsOf(validation).has(row.text)));
    expect(holdOut(3).cut(all).validation).not.toEqual(validation);
  });

  it.each([2, 3, 5])("is one of %d at least, and not all", (count) => {
    for (let seed = 0; seed < 20; seed += 1) {
      expect(holdOut(seed, 0.001).cut(rows(count)).validation).toHaveLength(1);
      expect(holdOut(seed, 0.999).cut(rows(count)).training).toHaveLength(1);
    }
  });

  it("is the only one, or nothing, where there is no more", () => {
    expect(holdOut(0).cut(rows(1))).toMatchObject({ training: [], validation: rows(1) });
    expect(holdOut(0).cut([])).toMatchObject({ training: [], validation: [] });
  });

  it("is chosen anew of what is left", () => {
    const { training, cut } = holdOut(4).cut(rows(10_000));
    const again = cut(training);
    expect(Math.abs(again.validation.length - 475)).toBeLessThan(4 * 21.2);
  });

  it("depends on what its content is said to be", () => {
    const all = rows(1000);
    const byParity = holdOut(0, 0.5).cut(all, ({ text }) => String(Number(text.slice(4)) % 2));
    expect([0, 500, 1000]).toContain(byParity.validation.length);
  });
});

describe("what is held out of texts", () => {
  const text = (length: number, from = 0) =>
    Int32Array.from({ length }, (_, i) => 1 + (((from + i) * 7919) % 50_000));
  const END = 0;
  const tokensOf = (all: SharedTokens) => all.read([[0, all.length]])[0] ?? new Int32Array();
  const cut = ({ cutTokens }: HoldOut, all: Int32Array, endOfText?: number) => {
    const { training, validation } = cutTokens(ownTokens(all), endOfText);
    return { training: tokensOf(training), validation: tokensOf(validation) };
  };

  it("is a share of passages, of which the others keep their order", () => {
    const all = text(2_000_000);
    const { training, validation } = cut(holdOut(1, 0.2), all);
    expect(training.length + validation.length).toBe(all.length);
    // 244 passages.
    expect(Math.abs(validation.length / all.length - 0.2)).toBeLessThan(4 * 0.0256);
    const again = cut(holdOut(1, 0.2), all).training;
    // Millions of tokens are compared as bytes.
    const raw = ({ buffer, byteOffset, byteLength }: Int32Array) =>
      new Uint8Array(buffer, byteOffset, byteLength);
    expect(Buffer.compare(raw(again), raw(training))).toBe(0);
  });

  it("stays where it is when text is added", () => {
    const all = Int32Array.from({ length: 1_200_000 }, (_, i) => i);
    const before = cut(holdOut(3, 0.1), all.subarray(0, 800_000));
    const after = cut(holdOut(3, 0.1), all);
    const held = new Set(after.validation);
    // But for the last passage, which goes on.
    const isWhole = (token: number) => token < 780_000;
    expect([...before.validation].filter(isWhole).every((token) => held.has(token))).toBe(true);
    expect([...before.training].filter(isWhole).some((token) => held.has(token))).toBe(false);
  });

  it("is whole documents, if these are short", () => {
    const documents = Array.from({ length: 400 }, (_, i) => [i + 1, i + 1, i + 1, END]);
    const all = Int32Array.from(documents.flat());
    const { training, validation } = cut(holdOut(2), all, END);
    for (const part of [training, validation]) {
      expect(part.length % 4).toBe(0);
      for (let i = 0; i < part.length; i += 4) {
        const first = part[i] ?? 0;
        expect([...part.subarray(i, i + 4)]).toEqual([first, first, first, END]);
      }
    }
    expect(validation.length).toBeGreaterThan(4 * 4);
  });

  it.each([4, 5, 30, 99])("is two tokens of %d at least", (length) => {
    for (let seed = 0; seed < 20; seed += 1) {
      const { training, validation } = cut(holdOut(seed), text(length));
      expect(Math.min(training.length, validation.length)).toBeGreaterThanOrEqual(2);
    }
  });

  it.each([2, 3])("is the same where %i ranks have the tokens between them", async (size) => {
    const all = text(40_000).map((token, i) => (i % 977 === 0 ? END : token));
    for (const end of [END, undefined]) {
      const expected = cut(holdOut(5), all, end);
      const found = await asRanks(size, (ranks) => {
        const tokens = dealtTokens(ranks, all);
        const { training, validation } = holdOut(5, undefined, ranks).cutTokens(tokens, end);
        return { training: tokensOf(training), validation: tokensOf(validation) };
      });
      for (const each of found) expect(each).toEqual(expected);
    }
  });
});
