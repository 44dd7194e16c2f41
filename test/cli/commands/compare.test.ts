import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  followComparison,
  help,
  readRequest,
  run,
  withSuite,
} from "../../../src/cli/commands/compare.ts";
import { spelledFailure } from "../support.ts";
import { readRunOptions } from "../../../src/cli/arguments/run-config.ts";
import { openDirectory } from "../../../src/lab/compare/directory.ts";
import { claimDirectory } from "../../../src/train/output/claim.ts";
import { nodeFiles } from "../../support/files.ts";
import { temporaryDirectory } from "../../weights/support.ts";
import { type Ending, fakeLaunch, fakePlan } from "../../lab/fake-launch.ts";

async function request(...words: string[]) {
  const { options, own } = await readRunOptions(words, help.options);
  return readRequest(options, own);
}

describe("readRequest", () => {
  it("takes methods, seeds and the options of all runs", async () => {
    const { plan, charts } = await request(
      "--methods=dense,flora:8@side=rows",
      "--seeds=2",
      "--steps=30",
      "--seed=5",
    );
    expect(plan).toMatchObject({
      base: { steps: 30, seed: 5 },
      seeds: [5, 6],
      output: "runs/compare",
      sweep: undefined,
      notes: [],
    });
    expect(plan.base).not.toHaveProperty("output");
    expect(plan.methods.map(({ label }) => label)).toEqual(["Dense", "FLORA(8) side=rows"]);
    expect(charts).toEqual(["steps", "seconds", "state"]);
  });

  it("takes a suite, under the options of the user", async () => {
    const { plan, charts } = await request(
      "--suite",
      "kappa",
      "--steps",
      "30",
      "--momentum",
      "0.8",
    );
    expect(plan.title).toBe("Comparison: kappa");
    expect(plan.base).toMatchObject({ momentum: 0.8, steps: 30, optimizer: "adafactor" });
    expect(charts).toContain("kappa");
    const own = await request("--suite", "kappa", "--methods", "dense");
    expect(own.plan.methods.map(({ text }) => text)).toEqual(["dense"]);
    expect(own.plan.base).toMatchObject({ momentum: 0.9 });
  });

  it("knows the model of a suite before one is made for the data", async () => {
    const words = ["--suite", "memory", "--train", "a.txt", "--steps", "5"];
    const { options, own } = await readRunOptions(words, help.options);
    expect(withSuite(options, own)).toMatchObject({
      model: { n_embd: 768 },
      train: "a.txt",
      steps: 5,
    });
  });

  it.each<[string[], object]>([
    [["--lr-sweep"], { factors: [1 / 3, 1, 3], rates: undefined, share: 0.25 }],
    [["--sweep-factors", "1/2,2"], { factors: [0.5, 2], rates: undefined }],
    [["--sweep-rates", "1e-3,0.01", "--sweep-share", "0.5"], { rates: [1e-3, 0.01], share: 0.5 }],
  ])("%j sweeps", async (words, sweep) => {
    const { plan } = await request("--methods", "dense", ...words);
    expect(plan.sweep).toMatchObject(sweep);
  });

  it.each<[string[], string, string | undefined]>([
    [
      [],
      "--methods: missing",
      "give --methods dense,flora:8 or --suite accumulation|momentum|kappa|rank|projection|neighbours|memory",
    ],
    [["--suite", "kapa"], 'suite: no such suite; got "kapa"', "did you mean kappa?"],
    [["--methods", "flora"], "methods: flora needs a rank; got flora", "for example flora:8"],
    [["--methds", "dense"], "--methds: no such option", "did you mean --methods?"],
    [
      ["--methods", "dense", "--seeds", "x"],
      "seeds: must be a count or a list of whole numbers; got x",
      "--seeds 3 takes three, --seeds 0,4 takes these two",
    ],
    [
      ["--methods", "dense", "--steps", "0"],
      "--steps: must be a whole number above 0; got 0",
      undefined,
    ],
    [
      ["--methods", "flora:8@momentum=2"],
      "methods: momentum: must be a number at least 0 and below 1; got 2; in flora:8@momentum=2",
      undefined,
    ],
    [
      ["--methods", "dense", "--sweep-share", "2"],
      "--sweep-share: must be a number above 0 and at most 1; got 2",
      undefined,
    ],
    [
      ["--methods", "dense", "--sweep-rates", "1,-1"],
      "--sweep-rates: must be numbers above 0, with commas between; got 1,-1",
      undefined,
    ],
    [
      ["--methods", "dense", "--sweep-rates", "1", "--sweep-factors", "1"],
      "--sweep-rates: cannot be given together with --sweep-factors",
      undefined,
    ],
  ])("refuses %j", async (words, message, hint) => {
    expect(await spelledFailure(() => request(...words))).toEqual({ message, hint });
  });
});

describe("a directory that another run writes to", () => {
  it("is refused, and left as it was", async () => {
    const output = join(temporaryDirectory(), "compare");
    const claim = await claimDirectory(nodeFiles, output);
    const refused = await spelledFailure(() => run(["--methods", "dense", "--output", output]));
    expect(refused.message).toMatch(
      /^--output: another run writes there, process \d+ of .+; got .+$/,
    );
    expect(refused.hint).toContain("if that run has ended, remove ");
    await openDirectory(nodeFiles, { ...fakePlan("dense"), output }, { overwrite: false });
    expect(readdirSync(output).toSorted()[0]).toBe("comparison.json");
    await claim.release();
    expect(readdirSync(output)).toEqual(["comparison.json"]);
  });
});

describe("followComparison", () => {
  const follow = async (
    plan: ReturnType<typeof fakePlan>,
    launch: Parameters<typeof followComparison>[1],
  ) => {
    const written: string[] = [];
    const write = (text: string) => void written.push(text);
    const output = { write, isTerminal: false, width: 80, color: false };
    const asked = { plan, charts: ["steps"], command: "flora compare --seeds 2" } as const;
    const code = await followComparison(asked, launch, output);
    return { code, text: written.join("") };
  };

  it.each<[Ending, number]>([
    ["finished", 0],
    ["refused", 0],
    ["not a number", 0],
    ["killed", 1],
    ["interrupted", 130],
  ])("ends with runs that are %s with exit code %d", async (ending, expected) => {
    const plan = fakePlan("dense");
    const { code, text } = await follow(plan, fakeLaunch(() => ending).launch);
    expect(code).toBe(expected);
    expect(text.includes("interrupted; go on with:\n  flora compare --seeds 2\n")).toBe(
      expected === 130,
    );
    expect(existsSync(join(plan.output, "report.html"))).toBe(true);
  });

  it("shows the table, and writes it with how it was done", async () => {
    const plan = fakePlan("none,flora:8");
    const { text } = await follow(plan, fakeLaunch().launch);
    expect(text).toMatch(/^None +1100\.0 .*2\.000 +52\.00 +2\.5 +7\.39$/m);
    expect(text).toContain(`${plan.output} has report.html`);
    expect(text).not.toContain("How it was done");
    const written = readFileSync(join(plan.output, "report.txt"), "utf8");
    expect(written).toContain("How it was done");
    expect(written).toContain("  flora compare --seeds 2\n");
  });

  it("ends the run that goes on in good order when it is interrupted", async () => {
    const before = process.listenerCount("SIGINT");
    const plan = fakePlan("dense,flora:8");
    const fake = fakeLaunch(() => "interrupted");
    const { code, text } = await follow(plan, async (asked) => {
      process.emit("SIGINT");
      expect(asked.signal.aborted).toBe(true);
      return fake.launch(asked);
    });
    expect(code).toBe(130);
    expect(fake.runs).toHaveLength(1);
    expect(text).toContain("ending the run in good order; Ctrl-C again ends at once\n");
    expect(process.listenerCount("SIGINT")).toBe(before);
  });
});
