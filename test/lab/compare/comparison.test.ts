import { describe, expect, it } from "vitest";
import {
  compare,
  type ComparisonEvent,
  type ComparisonPlan,
} from "../../../src/lab/compare/comparison.ts";
import { parseConfig, type TrainConfig } from "../../../src/options/config.ts";
import { type FakeLaunch, fakeLaunch, fakePlan } from "../fake-launch.ts";
import { nodeHost } from "../../../src/host/node.ts";

async function follow(
  plan: ComparisonPlan,
  { launch }: FakeLaunch,
  stop: (event: ComparisonEvent) => boolean = () => false,
) {
  const controller = new AbortController();
  const events: ComparisonEvent[] = [];
  for await (const event of compare(plan, {
    host: nodeHost(),
    launch,
    signal: controller.signal,
    lookEveryMs: 1,
  })) {
    events.push(event);
    if (stop(event)) controller.abort();
  }
  const end = events.at(-1);
  if (end?.type !== "end") throw new Error("the comparison has no end");
  return { events, end };
}

/** "flora 8 s0 0.1", with the steps of runs that are shorter. */
const describeRun = ({ method, rank, seed, learningRate, steps }: TrainConfig): string =>
  `${method}${method === "dense" ? "" : rank} s${seed} ${learningRate}${steps === 40 ? "" : ` of ${steps}`}`;

it("trains every method with every seed, one budget for all", async () => {
  const fake = fakeLaunch();
  const { end } = await follow(fakePlan("none,dense,flora:8", { seeds: [0, 1] }), fake);
  expect(fake.runs.map(({ config }) => describeRun(config))).toEqual([
    "dense s0 0.01 of 80",
    "dense s1 0.01 of 80",
    "dense s0 0.01",
    "dense s1 0.01",
    "flora8 s0 0.01",
    "flora8 s1 0.01",
  ]);
  for (const { config } of fake.runs) expect((config.steps ?? 0) * config.microSteps).toBe(80);
  expect(end).toMatchObject({
    reason: "finished",
    results: [{ label: "None" }, { label: "Dense" }, { label: "FLORA(8)" }],
  });
});

it("averages over seeds", async () => {
  const losses = [1, 2, 4];
  const fake = fakeLaunch(undefined, ({ seed }) => losses[seed] ?? NaN);
  const { end } = await follow(fakePlan("dense", { seeds: [0, 1, 2] }), fake);
  const { loss } = end.results[0]?.summaries ?? {};
  // numpy.mean([1, 2, 4]), numpy.std([1, 2, 4], ddof=1)
  expect(loss?.mean).toBeCloseTo(2.3333333333333335, 12);
  expect(loss?.deviation).toBeCloseTo(1.5275252316519465, 12);
});

describe("a method that does not finish", () => {
  it("becomes a result that says so, and the others go on", async () => {
    const fake = fakeLaunch(({ method, rank }) => {
      if (method === "dense") return "finished";
      return rank === 8 ? "not a number" : "killed";
    });
    const { end } = await follow(fakePlan("flora:8,flora:4,dense"), fake);
    expect(end.results).toMatchObject([
      { label: "FLORA(8)", status: "diverged", message: "diverged: lost", summaries: {} },
      { label: "FLORA(4)", status: "failed", message: "failed: ended by SIGKILL" },
      { label: "Dense", status: "finished", message: undefined },
    ]);
    expect(end.reason).toBe("finished");
  });

  it("has the seeds that finished", async () => {
    const fake = fakeLaunch(({ seed }) => (seed === 1 ? "not a number" : "finished"));
    const { end } = await follow(fakePlan("dense", { seeds: [0, 1, 2] }), fake);
    expect(end.results[0]).toMatchObject({
      status: "finished",
      message: "1 of 3 seeds (1) diverged: lost",
      summaries: { loss: { count: 2 } },
    });
  });

  it("is refused once, whatever the number of seeds", async () => {
    const fake = fakeLaunch(({ method }) => (method === "flora" ? "refused" : "finished"));
    const { end } = await follow(fakePlan("flora:8,dense", { seeds: [0, 1] }), fake);
    expect(fake.runs).toHaveLength(3);
    expect(end).toMatchObject({
      reason: "finished",
      results: [
        { status: "refused", message: "refused: rank: too high; got 9; use less" },
        { status: "finished" },
      ],
    });
  });
});

describe("a sweep", () => {
  const sweep = { factors: [1 / 3, 1, 3], rates: undefined, share: 0.25 };
  const fakeConfig = parseConfig({});
  const valley = ({ learningRate = 1 }: TrainConfig) => 2 + Math.abs(Math.log(learningRate / 0.03));

  it("tries short runs with the first seed, then takes the best rate for all seeds", async () => {
    const fake = fakeLaunch(undefined, valley);
    const plan = fakePlan("flora:8", { seeds: [3, 4], sweep });
    const { events, end } = await follow(plan, fake);
    expect(fake.runs.map(({ config }) => describeRun(config))).toEqual([
      "flora8 s3 0.00333 of 10",
      "flora8 s3 0.01 of 10",
      "flora8 s3 0.03 of 10",
      "flora8 s3 0.09 of 10",
      "flora8 s3 0.03",
      "flora8 s4 0.03",
    ]);
    expect(end.results[0]?.rate).toMatchObject({ value: 0.03, how: "sweep" });
    expect(events.filter(({ type }) => type === "rate")).toHaveLength(1);
  });

  it("counts a run that diverged as infinitely bad", async () => {
    const fake = fakeLaunch(({ learningRate = 0 }) =>
      learningRate > 0.005 ? "not a number" : "finished",
    );
    const { end } = await follow(fakePlan("flora:8", { sweep }), fake);
    const { value, trials } = end.results[0]?.rate ?? { value: NaN, trials: [] };
    expect(value).toBeLessThan(0.005);
    expect(trials.filter(({ loss }) => loss === Infinity).map(({ rate }) => rate)).toEqual([
      0.01, 0.03,
    ]);
  });

  it("takes the next lower rate where the best one does not last", async () => {
    // At 0.09 short runs are best, and whole ones come to less; at 0.03 whole ones diverge.
    const loss = ({ learningRate = 1, steps = 0 }: TrainConfig) => {
      if (steps < 40) return valley({ ...fakeConfig, learningRate: learningRate / 3 });
      return learningRate > 0.05 ? 9 : 1;
    };
    const fake = fakeLaunch(
      ({ learningRate, steps }) =>
        learningRate === 0.03 && steps === 40 ? "not a number" : "finished",
      loss,
    );
    const { end } = await follow(fakePlan("flora:8", { seeds: [3, 4], sweep }), fake);
    const whole = fake.runs
      .map(({ config }) => describeRun(config))
      .filter((run) => !/of/.test(run));
    expect(whole).toEqual(["flora8 s3 0.09", "flora8 s3 0.03", "flora8 s3 0.01", "flora8 s4 0.01"]);
    expect(end.results[0]).toMatchObject({
      rate: { value: 0.01, unstable: [0.09, 0.03] },
      summaries: { loss: { mean: 1, count: 2 } },
      message: undefined,
    });
  });

  it("leaves a method alone that has a rate of its own, and takes rates as they are", async () => {
    const fake = fakeLaunch(undefined, valley);
    const rates = { ...sweep, rates: [0.02, 0.03, 0.04] };
    await follow(fakePlan("dense,flora:8@learningRate=0.5", { sweep: rates }), fake);
    expect(fake.runs.map(({ config }) => describeRun(config))).toEqual([
      "dense s0 0.02 of 10",
      "dense s0 0.03 of 10",
      "dense s0 0.04 of 10",
      "dense s0 0.03",
      "flora8 s0 0.5",
    ]);
  });

  it("is left out where the options are refused", async () => {
    const fake = fakeLaunch(() => "refused");
    const { end } = await follow(fakePlan("flora:8", { sweep }), fake);
    expect(end.results).toMatchObject([{ status: "refused", rate: { how: "usual", trials: [] } }]);
    expect(fake.runs).toHaveLength(2);
  });
});

it("ends early when asked, and goes on where it was", async () => {
  const plan = fakePlan("dense,flora:4,flora:8");
  const first = fakeLaunch(({ rank }) => (rank === 4 ? "interrupted" : "finished"));
  const stopped = await follow(
    plan,
    first,
    (event) => event.type === "progress" && event.run.method.text === "flora:4",
  );
  expect(stopped.end).toMatchObject({
    reason: "interrupted",
    results: [{ status: "finished" }, { status: "interrupted" }],
  });
  const second = fakeLaunch();
  const { end } = await follow(plan, second);
  expect(second.runs.map(({ config, flag }) => [config.rank, flag])).toEqual([
    [4, "--resume"],
    [8, "--overwrite"],
  ]);
  expect(end.reason).toBe("finished");
  expect(end.results.map(({ status }) => status)).toEqual(["finished", "finished", "finished"]);
});
