/** Turns come in the order of those who ask, and what leaves or ends makes room once. */

import { expect, it } from "vitest";
import { createTurns } from "../../../src/cli/serve/turns.ts";

const { signal: never } = new AbortController();
const settled = () => new Promise((resolve) => setImmediate(resolve));

it("come in order, two at a time", async () => {
  const turns = createTurns({ running: 2, waiting: 3 });
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  for (let i = 0; i < 5; i++) {
    void turns.take(never).then((end) => {
      begun.push(i);
      ends.push(end);
    });
  }
  await settled();
  expect(begun).toEqual([0, 1]);
  await expect(turns.take(never)).rejects.toMatchObject({ status: 429 });
  ends[1]?.();
  // A turn ends once.
  ends[1]?.();
  await settled();
  expect(begun).toEqual([0, 1, 2]);
  ends[0]?.();
  ends[2]?.();
  await settled();
  expect(begun).toEqual([0, 1, 2, 3, 4]);
});

it("are left by who goes while waiting", async () => {
  const turns = createTurns({ running: 1, waiting: 2 });
  const end = await turns.take(never);
  const controller = new AbortController();
  const gone = turns.take(controller.signal);
  const next = turns.take(never);
  controller.abort(new Error("gone"));
  await expect(gone).rejects.toThrow("gone");
  await expect(turns.take(controller.signal)).rejects.toThrow("gone");
  end();
  (await next)();
  (await turns.take(never))();
});

it("end for those who wait and who come, once they are closed", async () => {
  const turns = createTurns({ running: 1, waiting: 2 });
  await turns.take(never);
  const waiting = [turns.take(never), turns.take(never)];
  turns.close();
  for (const each of [...waiting, turns.take(never)]) {
    await expect(each).rejects.toMatchObject({ status: 503 });
  }
});
