/** @file The ranks that mpirun or srun started with this process. */

import type { MpiCollective } from "../../collective/mpi.ts";
import { availableParallelism } from "node:os";

/** @throws {UsageError} if they cannot be joined. */
export async function joinRanks(): Promise<MpiCollective | undefined> {
  const { isStartedByMpi, joinMpi } = await import("../../collective/mpi.ts");
  const environment = (name: string) => process.env[name];
  return isStartedByMpi(environment) ? joinMpi(environment) : undefined;
}

/** Threads of an operator where the ranks of a machine share its cores. */
export const threadsOf = ({ localSize }: Pick<MpiCollective, "localSize">): number =>
  Math.max(1, Math.floor(availableParallelism() / localSize));
