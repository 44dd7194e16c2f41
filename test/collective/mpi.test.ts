/**
 * Processes that the launchers of Open MPI and MPICH start. Skipped where there is none; on Debian: apt-get install openmpi-bin mpich.
 */

import { spawnSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findMpi, isStartedByMpi } from "../../src/collective/mpi.ts";

const environment = {
  ...process.env,
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  // More ranks than cores.
  OMPI_MCA_rmaps_base_oversubscribe: "1",
};

const versionOf = (launcher: string): string =>
  spawnSync(launcher, ["--version"], { encoding: "utf8" }).stdout ?? "";
/** The name that it has where both are installed, or the one that it has alone. */
const launcherOf = (name: string, sign: RegExp): string | undefined =>
  [`mpirun.${name}`, "mpirun"].find((launcher) => sign.test(versionOf(launcher)));

const LAUNCHERS = [
  { library: "Open MPI", launcher: launcherOf("openmpi", /Open MPI/) },
  { library: "MPICH", launcher: launcherOf("mpich", /HYDRA/) },
];

/** Says on a line what a rank has after two sums at once of arrays in which it knows every number, and what it was told meanwhile. */
const PROGRAM = `
  const { findMpi, joinMpi } = await import(process.argv[1]);
  const ranks = await joinMpi(process.env);
  const numbers = () => [3, 100_001].map((length) =>
    Float32Array.from({ length }, (_, i) => Math.sin(i + 1) * 10 ** ((i * (ranks.rank + 1)) % 7)));
  const [own, again] = [numbers(), numbers()];
  const sums = [ranks.sum(own), ranks.sum(again)];
  const told = ranks.gather([ranks.rank, ranks.rank ** 2]);
  // Not as often on all.
  for (let i = 0; i < 100 * ranks.rank; i++) sums[0].progress();
  for (const sum of sums) sum.wait();
  let hash = 0;
  for (const array of own) for (const bits of new Uint32Array(array.buffer)) hash = (Math.imul(hash, 31) + bits) | 0;
  const repeats = own.every((array, k) => array.every((x, i) => Object.is(x, again[k][i])));
  const { version } = await findMpi(process.env);
  const { rank, size, localSize } = ranks;
  process.stdout.write(JSON.stringify({ rank, size, localSize, hash, repeats, told, version }) + "\\n");
  ranks.close();
`;

/** What PROGRAM adds up, in the order of the ranks. */
function expectedHash(size: number): number {
  let hash = 0;
  for (const length of [3, 100_001]) {
    const sums = Float32Array.from({ length }, (_, i) => {
      let sum = 0;
      for (let rank = 0; rank < size; rank++) {
        const number = Math.fround(Math.sin(i + 1) * 10 ** ((i * (rank + 1)) % 7));
        sum = Math.fround(sum + number);
      }
      return sum;
    });
    for (const bits of new Uint32Array(sums.buffer)) hash = (Math.imul(hash, 31) + bits) | 0;
  }
  return hash;
}

const inDist = (path: string): string => pathToFileURL(`dist/${path}`).href;

/** Runs a program of JavaScript as so many ranks. */
function started(launcher: string, size: number, program: string) {
  const node = [
    process.execPath,
    "--input-type=module",
    "-e",
    program,
    inDist("collective/mpi.js"),
  ];
  return spawnSync(launcher, ["-n", String(size), ...node], {
    env: environment,
    encoding: "utf8",
    timeout: 50_000,
  });
}

beforeAll(() => {
  // It builds what is older than its sources.
  spawnSync(process.execPath, ["bin/flora.js", "--version"]);
});

describe.each(LAUNCHERS)("ranks that $library starts", ({ library, launcher = "" }) => {
  beforeEach(({ skip }) => skip(launcher === "", `${library} is not installed`));

  it.each([1, 2, 3, 4])("add up in the order of the ranks, and know each other: %i", (size) => {
    const { status, stdout, stderr } = started(launcher, size, PROGRAM);
    expect([status, stderr]).toEqual([0, ""]);
    const ranks = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const told = Array.from({ length: size }, (_, rank) => [rank, rank * rank]);
    const hash = expectedHash(size);
    expect(ranks.toSorted((a, b) => a.rank - b.rank)).toEqual(
      told.map(([rank]) => ({
        rank,
        size,
        localSize: size,
        hash,
        repeats: true,
        told,
        version: expect.stringContaining(library),
      })),
    );
  });

  it("end with the first that fails, and with its code", () => {
    const begin = performance.now();
    const { status, stdout } = started(
      launcher,
      3,
      `const { joinMpi } = await import(process.argv[1]);
       const ranks = await joinMpi(process.env);
       if (ranks.rank === 1) ranks.abort(3);
       ranks.gather([1]);
       process.stdout.write("went on");`,
    );
    expect(status).toBe(3);
    expect(stdout).not.toContain("went on");
    expect(performance.now() - begin).toBeLessThan(20_000);
  });

  it("end where one of them is killed", () => {
    const { status, signal, stdout } = started(
      launcher,
      2,
      `const { joinMpi } = await import(process.argv[1]);
       const ranks = await joinMpi(process.env);
       if (ranks.rank === 1) process.kill(process.pid, "SIGKILL");
       ranks.gather([1]);
       process.stdout.write("went on");`,
    );
    expect(status).not.toBe(0);
    expect(signal).toBeNull();
    expect(stdout).not.toContain("went on");
  });
});

const [{ launcher: openMpi } = {}, { launcher: mpich } = {}] = LAUNCHERS;

it.skipIf(openMpi === undefined || mpich === undefined)(
  "the library of another launcher is told by the number of ranks",
  () => {
    // Open MPI is told apart by its own variables.
    const { status, stderr } = started(
      mpich ?? "",
      2,
      `const { joinMpi } = await import(process.argv[1]);
       const names = { OMPI_COMM_WORLD_RANK: process.env.PMI_RANK, OMPI_COMM_WORLD_SIZE: "2" };
       await joinMpi(names).catch((error) => {
         process.stderr.write(error.message);
         process.exit(2);
       });`,
    );
    expect(status).not.toBe(0);
    expect(stderr).toContain("knows of 1 of 2 ranks: it is not the library of the mpirun");
  },
);

describe("an environment", () => {
  it.each<readonly [expected: boolean, Readonly<Record<string, string>>]>([
    [false, {}],
    [true, { OMPI_COMM_WORLD_RANK: "0", OMPI_COMM_WORLD_SIZE: "2" }],
    [false, { OMPI_COMM_WORLD_RANK: "0", OMPI_COMM_WORLD_SIZE: "1" }],
    [true, { PMI_RANK: "1", PMI_SIZE: "2" }],
    [true, { PMIX_RANK: "3", SLURM_STEP_NUM_TASKS: "4" }],
    [false, { PMIX_RANK: "0", SLURM_STEP_NUM_TASKS: "1" }],
    [false, { RANK: "0", WORLD_SIZE: "1" }],
  ])("says %s of ranks: %j", (expected, variables) => {
    expect(isStartedByMpi(variables)).toBe(expected);
  });

  it("of torchrun is answered by the command to take", () => {
    const variables = { RANK: "0", LOCAL_RANK: "0", WORLD_SIZE: "4" };
    expect(() => isStartedByMpi(variables)).toThrow(
      expect.objectContaining({
        message: "ranks: they are joined by MPI; got torchrun's RANK and WORLD_SIZE",
        hint: "mpirun -n 4 npx flora train ...",
      }),
    );
  });

  it("of an srun without MPI is answered by its option", () => {
    expect(() => isStartedByMpi({ SLURM_STEP_NUM_TASKS: "8" })).toThrow(
      expect.objectContaining({
        message: "ranks: srun told its 8 processes nothing of each other",
        hint: expect.stringContaining("srun --mpi=pmix"),
      }),
    );
  });
});

it.skipIf(openMpi === undefined && mpich === undefined)("a library says its version", async () => {
  expect(await findMpi({})).toEqual({
    name: expect.stringMatching(/^libmpi/),
    version: expect.stringMatching(/^(Open MPI v|MPICH Version: )\d/),
  });
});
