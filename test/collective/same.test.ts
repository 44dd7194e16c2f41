/** What all ranks must have alike. */

import { expect, it } from "vitest";
import { alone, type Collective } from "../../src/collective/collective.ts";
import { type Compared, checkSame } from "../../src/collective/same.ts";
import { crc32 } from "../../src/host/crc32.ts";

/** Compares what each rank has, as one of them does. */
function compared(...ranks: readonly Compared[]): void {
  const sumsOf = (own: Compared): readonly number[] => {
    let told: readonly number[] = [];
    const listening: Collective = {
      ...alone,
      size: 2,
      gather: (numbers) => [(told = numbers), numbers],
    };
    checkSame(listening, crc32, own);
    return told;
  };
  const all = ranks.map(sumsOf);
  checkSame({ ...alone, size: ranks.length, gather: () => all }, crc32, ranks[0] ?? {});
}

it("takes texts and bytes that are the same everywhere", () => {
  const same = { options: "{}", data: Uint8Array.of(1, 2) };
  expect(() => compared(same, same, same)).not.toThrow();
});

it.each<readonly [what: string, other: Compared]>([
  ["options", { options: '{"rank":8}', data: Uint8Array.of(1, 2) }],
  ["data", { options: "{}", data: Uint8Array.of(1, 3) }],
])("refuses other %s, and names the rank", (what, other) => {
  const same = { options: "{}", data: Uint8Array.of(1, 2) };
  expect(() => compared(same, same, other)).toThrow(
    `ranks: all must have the same ${what}; got others on rank 2`,
  );
});

it("compares nothing in one process", () => {
  const gather = () => expect.unreachable("nobody is there to ask");
  checkSame({ ...alone, gather }, crc32, { options: "{}" });
});
