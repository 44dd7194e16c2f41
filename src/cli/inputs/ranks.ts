/** @file The ranks that mpirun or srun started with this process. */

import { availableParallelism } from "node:os";
import { checkSame, type Collective } from "../../collective/index.ts";
import { crc32 } from "../../host/crc32.ts";
import { version } from "../terminal/version.ts";

/** The ranks of a run, of which this process is one. */
export interface JoinedRanks extends Collective {
  /** Waits for the others, and leaves. A rank that ends without it ends all. */
  leave(): void;
}

/** @throws {UsageError} if they cannot be joined, or another version of flora is among them. */
export async function joinRanks(): Promise<JoinedRanks | undefined> {
  const { isStartedByMpi, joinMpi } = await import("../../collective/mpi.ts");
  if (!isStartedByMpi(process.env)) return undefined;
  const joined = await joinMpi(process.env);
  let hasLeft = false;
  process.on("exit", (code) => {
    if (!hasLeft) joined.abort(code === 0 ? 1 : code);
  });
  checkSame(joined, crc32, { "version of flora": version() });
  return {
    ...joined,
    leave() {
      joined.close();
      hasLeft = true;
    },
  };
}

/** Threads of an operator where the ranks of a machine share its cores. */
export const threadsOf = ({ localSize }: Pick<Collective, "localSize">): number =>
  Math.max(1, Math.floor(availableParallelism() / localSize));
