import { expect, it } from "vitest";
import { createCompareConsole } from "../../../src/cli/reports/compare-console.ts";
import type { ComparisonPlan } from "../../../src/lab/compare/comparison.ts";
import { compare } from "../../../src/lab/compare/comparison.ts";
import { type Ending, fakeLaunch, fakePlan } from "../../lab/fake-launch.ts";
import { nodeHost } from "../../../src/host/node.ts";

async function show(
  plan: ComparisonPlan,
  isTerminal: boolean,
  ending: () => Ending = () => "finished",
): Promise<string> {
  const written: string[] = [];
  const write = (text: string) => void written.push(text);
  const output = { write, isTerminal, width: 70, color: false };
  let time = 0;
  const console = createCompareConsole(output, plan, () => (time += 20_000));
  const { launch } = fakeLaunch(ending);
  const { signal } = new AbortController();
  for await (const event of compare(plan, { host: nodeHost(), launch, signal, lookEveryMs: 1 }))
    console.show(event);
  console.close();
  return written.join("");
}

it("writes lines where there is no terminal", async () => {
  const plan = fakePlan("dense,flora:8", { seeds: [0, 1] });
  expect((await show(plan, false)).split("\n")).toEqual([
    "[1/4] Dense seed 0  step 20/40  loss 1.234  1.0 k tokens/s  ETA 1:20",
    "[1/4] Dense seed 0  step 40/40  loss 1.234  1.0 k tokens/s  ETA 1:20",
    "[1/4] Dense seed 0  done  held-out loss 2.000  2.5 s",
    "[2/4] Dense seed 1  step 20/40  loss 1.234  1.0 k tokens/s  ETA 1:20",
    "[2/4] Dense seed 1  step 40/40  loss 1.234  1.0 k tokens/s  ETA 1:20",
    "[2/4] Dense seed 1  done  held-out loss 2.000  2.5 s",
    "[3/4] FLORA(8) seed 0  step 20/40  loss 1.234  1.0 k tokens/s  ETA 1:20",
    "[3/4] FLORA(8) seed 0  step 40/40  loss 1.234  1.0 k tokens/s  ETA 1:20",
    "[3/4] FLORA(8) seed 0  done  held-out loss 2.000  2.5 s",
    "[4/4] FLORA(8) seed 1  step 20/40  loss 1.234  1.0 k tokens/s  ETA 1:20",
    "[4/4] FLORA(8) seed 1  step 40/40  loss 1.234  1.0 k tokens/s  ETA 1:20",
    "[4/4] FLORA(8) seed 1  done  held-out loss 2.000  2.5 s",
    "",
  ]);
});

it("rewrites one line in a terminal, and leaves only what came out", async () => {
  const text = await show(fakePlan("dense"), true);
  const clear = "\r\u001B[K";
  expect(text).toContain(`${clear}[1/1] Dense  starting`);
  expect(text).toContain(`${clear}[1/1] Dense  ████████████  step 40/40  loss 1.234`);
  expect(text.endsWith(`${clear}[1/1] Dense  done  held-out loss 2.000  2.5 s\n`)).toBe(true);
  for (const line of text.split(/\r|\n/)) {
    expect(line.replaceAll("\u001B[K", "").length).toBeLessThan(70);
  }
});

it("tells what was done before", async () => {
  const plan = fakePlan("dense");
  await show(plan, false);
  expect(await show(plan, false)).toBe("[1/1] Dense  done before  held-out loss 2.000  2.5 s\n");
});

it.each<[Ending, string]>([
  ["refused", "[1/1] FLORA(8)  refused: rank: too high; got 9; use less"],
  ["killed", "[1/1] FLORA(8)  failed: ended by SIGKILL"],
  ["not a number", "[1/1] FLORA(8)  diverged: lost"],
  ["interrupted", "[1/1] FLORA(8)  interrupted"],
])("tells why a run is %s", async (ending, line) => {
  expect(await show(fakePlan("flora:8"), false, () => ending)).toContain(`${line}\n`);
});

it("tells the rate that a sweep has found", async () => {
  const sweep = { factors: undefined, rates: [0.01, 0.03], share: 0.5 };
  const text = await show(fakePlan("dense", { sweep }), false);
  expect(text).toContain("[sweep] Dense lr 0.01  done");
  // Equal losses: the lowest rate, and on in its direction.
  expect(text).toContain(
    "Dense: learning rate 0.00111, of 0.01 (2.000), 0.03 (2.000), 0.00333 (2.000), 0.00111 (2.000)",
  );
});
