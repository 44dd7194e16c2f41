/**
 * @file MPI by its C interface, as the library that is installed has it: Open MPI and MPICH, and what keeps MPICH's binary interface
 * (Intel MPI, MVAPICH, Cray). They differ in what a handle is:
 *
 *   Open MPI   pointers to symbols: ompi_mpi_comm_world, ...
 *   MPICH      32-bit constants: 0x44000000 for MPI_COMM_WORLD, ... (mpi.h)
 *   standard   constants as wide as pointers: 0x101, ... (MPI 5.0, chapter 20; libmpi_abi)
 */

import type * as KoffiModule from "koffi";
import { UsageError } from "../errors.ts";
import { crc32 } from "../host/crc32.ts";
import { codedLinks } from "./coded-links.ts";
import type { Collective } from "./collective.ts";
import { type Links, summedInOrder } from "./ordered-sum.ts";

type Koffi = typeof KoffiModule;

/** A library that was found. */
export interface MpiLibrary {
  /** As it was loaded. */
  readonly name: string;
  /** "Open MPI v4.1.4". */
  readonly version: string;
}

/** The ranks of a run that mpirun or srun started. */
export interface MpiCollective extends Collective {
  /** Waits for all ranks, and leaves MPI. */
  close(): void;
  /** Ends all ranks at once. */
  abort(exitCode: number): void;
}

/** By the one that started the program, since several may be installed. */
const OPEN_MPI = ["libmpi.so.40", "libmpi.40.dylib", "libmpi.dylib"];
const MPICH = ["libmpich.so.12", "libmpi.so.12", "libmpi.12.dylib"];
const STANDARD = ["libmpi_abi.so.1", "libmpi_abi.so.0", "libmpi_abi.dylib"];

interface Handles {
  /** Of a handle, in C. */
  readonly type: string;
  readonly world: bigint | number;
  readonly float: bigint | number;
  readonly double: bigint | number;
}

const MPICH_HANDLES: Handles = {
  type: "int",
  world: 0x44000000,
  float: 0x4c00040a,
  double: 0x4c00080b,
};

const STANDARD_HANDLES: Handles = { type: "intptr_t", world: 0x101, float: 0x210, double: 0x214 };

/** How programs know that they were started together: what is set for each, and what says how many they are. */
const STARTED_BY = {
  openMpi: { rank: "OMPI_COMM_WORLD_RANK", size: "OMPI_COMM_WORLD_SIZE" },
  mpich: { rank: "PMI_RANK", size: "PMI_SIZE" },
  slurm: { rank: "PMIX_RANK", size: "SLURM_STEP_NUM_TASKS" },
} as const;

/** Variables by name, as process.env has them: what is set is seen by libraries. */
export type Environment = Record<string, string | undefined>;

/** Processes that were started together, and by what; undefined if this one was started by itself. */
function launchOf(environment: Environment) {
  const [by, names] = Object.entries(STARTED_BY).find(([, { rank }]) => environment[rank]) ?? [];
  return names && { by, size: Number(environment[names.size] ?? 1) };
}

/** Whether mpirun or srun started this process with others. @throws {UsageError} if something else did. */
export function isStartedByMpi(environment: Environment): boolean {
  const launch = launchOf(environment);
  if (launch) return launch.size > 1;
  const tasks = Number(environment["SLURM_STEP_NUM_TASKS"] ?? 1);
  if (tasks > 1) {
    throw new UsageError(`ranks: srun told its ${tasks} processes nothing of each other`, {
      hint: "srun --mpi=pmix npx flora train ..., or --mpi=pmi2 with MPICH",
    });
  }
  const size = Number(environment["WORLD_SIZE"] ?? 1);
  if (size > 1 && environment["RANK"] !== undefined) {
    throw new UsageError(`ranks: they are joined by MPI; got torchrun's RANK and WORLD_SIZE`, {
      hint: `mpirun -n ${size} npx flora train ...`,
    });
  }
  return false;
}

/** The library that is there, and what it says of itself; undefined if there is none. */
export async function findMpi(environment: Environment): Promise<MpiLibrary | undefined> {
  const koffi = await loadKoffi();
  const found = koffi && loadLibrary(koffi, environment);
  return found && { name: found.name, version: versionOf(found.library) };
}

/** Joins the ranks. @throws {UsageError} if there is no library, or another than that of who started the program. */
export async function joinMpi(environment: Environment): Promise<MpiCollective> {
  const koffi = await loadKoffi();
  if (!koffi) {
    throw new UsageError("ranks: the package koffi, by which MPI is called, is not installed", {
      hint: "npm install koffi",
    });
  }
  // UCX, under Debian's MPICH, takes malloc's calls to the system in its hands, and one start in thirty crashed.
  if (launchOf(environment)?.by === "mpich") environment["UCX_MEM_EVENTS"] ??= "no";
  const found = loadLibrary(koffi, environment);
  if (!found) {
    const names = [...OPEN_MPI, ...MPICH, ...STANDARD].join(", ");
    throw new UsageError(`ranks: no MPI library is installed; looked for ${names}`, {
      hint: "on Debian and Ubuntu: apt-get install openmpi-bin",
    });
  }
  const links = linksOf(found.library, handlesOf(koffi, found));
  const promised = launchOf(environment)?.size ?? 1;
  if (links.size !== promised && promised > 1) {
    throw new UsageError(
      `ranks: ${found.name} knows of ${links.size} of ${promised} ranks: it is not the library of the mpirun that started them`,
      { hint: "take the mpirun that belongs to it, or install the other library" },
    );
  }
  const { gather, rank, size } = links;
  const machine = crc32(new TextEncoder().encode(textBy(found.library, "MPI_Get_processor_name")));
  const localSize = gather([machine]).filter(([each]) => each === machine).length;
  const add = summedInOrder(size);
  return {
    ...links,
    rank,
    size,
    localSize,
    gather,
    sum: (arrays, codings) =>
      add((piece) => (codings ? codedLinks(links, codings(piece)) : links), arrays),
  };
}

async function loadKoffi(): Promise<Koffi | undefined> {
  try {
    return await import("koffi");
  } catch {
    return undefined;
  }
}

interface FoundLibrary {
  readonly name: string;
  readonly library: KoffiModule.LibraryHandle;
}

function loadLibrary(koffi: Koffi, environment: Environment): FoundLibrary | undefined {
  const isMpich = launchOf(environment)?.by === "mpich";
  const own = isMpich ? [...MPICH, ...OPEN_MPI] : [...OPEN_MPI, ...MPICH];
  for (const name of [...own, ...STANDARD]) {
    try {
      // Its plug-ins look for its symbols among those of the whole process.
      return { name, library: koffi.load(name, { global: true }) };
    } catch {
      // The next one.
    }
  }
  return undefined;
}

function versionOf(library: KoffiModule.LibraryHandle): string {
  const [line = ""] = textBy(library, "MPI_Get_library_version").split(/[\n,]/);
  return line.replaceAll("\0", "").replaceAll(/\s+/g, " ").trim();
}

/** More than any library writes. */
const TEXT_BYTES = 8192;

/** What a function says that writes a text. */
function textBy(library: KoffiModule.LibraryHandle, name: string): string {
  const ask: (text: Uint8Array, length: [number]) => number = library.func(
    `int ${name}(void *text, _Out_ int *length)`,
  );
  const text = new Uint8Array(TEXT_BYTES);
  const length: [number] = [0];
  check(ask(text, length), name);
  return new TextDecoder().decode(text.subarray(0, length[0]));
}

function handlesOf(koffi: Koffi, { name: file, library }: FoundLibrary): Handles {
  if (STANDARD.includes(file)) return STANDARD_HANDLES;
  const address = (name: string): bigint => koffi.address(library.symbol(name, "void *"));
  try {
    return {
      type: "intptr_t",
      world: address("ompi_mpi_comm_world"),
      float: address("ompi_mpi_float"),
      double: address("ompi_mpi_double"),
    };
  } catch {
    return MPICH_HANDLES;
  }
}

/** The number that MPI's functions return where all went well. */
const MPI_SUCCESS = 0;

function linksOf(
  library: KoffiModule.LibraryHandle,
  { type, world, float, double }: Handles,
): Links & Pick<MpiCollective, "abort" | "close" | "gather"> {
  type Numbers = Float32Array | Float64Array;
  type Handle = bigint | number;
  type Told = [Handle];
  const block = `void *, int, ${type}`;
  const ask = (name: string): number => {
    const result: [number] = [0];
    const asked: (comm: Handle, result: [number]) => number = library.func(
      `int ${name}(${type}, _Out_ int *)`,
    );
    check(asked(world, result), name);
    return result[0];
  };
  const init: (argc: null, argv: null) => number = library.func("int MPI_Init(void *, void *)");
  const finalize: () => number = library.func("int MPI_Finalize()");
  const abort: (comm: Handle, code: number) => number = library.func(`int MPI_Abort(${type}, int)`);
  const duplicate: (comm: Handle, made: Told) => number = library.func(
    `int MPI_Comm_dup(${type}, _Out_ ${type} *)`,
  );
  const allGather: (...call: [Numbers, number, Handle, Numbers, number, Handle, Handle]) => number =
    library.func(`int MPI_Allgather(${block}, ${block}, ${type})`);
  const test: (request: Uint8Array, flag: [number], status: Uint8Array) => number = library.func(
    "int MPI_Test(void *, _Out_ int *, void *)",
  );
  const wait: (request: Uint8Array, status: Uint8Array) => number = library.func(
    "int MPI_Wait(void *, void *)",
  );

  check(init(null, null), "MPI_Init");
  const [rank, size] = [ask("MPI_Comm_rank"), ask("MPI_Comm_size")];
  return {
    rank,
    size,
    allToAll: exchange("MPI_Ialltoall"),
    allGather: exchange("MPI_Iallgather"),
    gather(numbers) {
      const count = numbers.length;
      const received = new Float64Array(size * count);
      const sent = Float64Array.from(numbers);
      check(allGather(sent, count, double, received, count, double, world), "MPI_Allgather");
      return Array.from({ length: size }, (_, i) =>
        Array.from(received.subarray(i * count, (i + 1) * count)),
      );
    },
    close: () => check(finalize(), "MPI_Finalize"),
    abort: (exitCode) => void abort(world, exitCode),
  };

  /** Exchanges of one kind, on a communicator of their own: within one, all ranks must begin in the same order whatever they begin. */
  function exchange(name: string): Links["allGather"] {
    const made: Told = [0];
    check(duplicate(world, made), "MPI_Comm_dup");
    const [comm] = made;
    const begin: (
      ...call: [Numbers, number, Handle, Numbers, number, Handle, Handle, Uint8Array]
    ) => number = library.func(`int ${name}(${block}, ${block}, ${type}, void *)`);
    return (sent, received, count) => {
      // The library writes into them until the end, so that they are kept, and lie where they are.
      const kept = { sent, received, request: outside(8), status: outside(STATUS_BYTES) };
      const { request, status } = kept;
      check(begin(sent, count, float, received, count, float, comm, request), name);
      return {
        test() {
          const flag: [number] = [0];
          check(test(kept.request, flag, status), "MPI_Test");
          return flag[0] !== 0;
        },
        wait: () => check(wait(kept.request, status), "MPI_Wait"),
      };
    };
  }
}

/** More than an MPI_Status takes in any library. */
const STATUS_BYTES = 64;

/** Bytes that V8 does not move. */
const outside = (bytes: number): Uint8Array => new Uint8Array(new ArrayBuffer(bytes));

function check(code: number, name: string): void {
  if (code !== MPI_SUCCESS) throw new Error(`${name}: failed with the code ${code}`);
}
