/**
 * @file Locks made of files: `<path>.<machine>.<process>.<8 hexadecimal digits>.lock`, one for each claim.
 *
 * A claim is made first, and counts if no other stands beside it then; of two that are made at once neither may count, but never
 * both. What a process left that has ended is removed by the next one. Whether a process of another machine has ended cannot be told:
 * its claim counts.
 */

import type { Clock, FileStore, Lock, LockHolder } from "./host.ts";
import { basename, dirname, join } from "./path.ts";

/** Who claims. */
export interface Claimant {
  readonly machine: string;
  readonly process: number;
  /** Whether a process of this machine runs. */
  isRunning(process: number): boolean | Promise<boolean>;
  randomBytes(count: number): Uint8Array;
}

/** Claims a path, or says who holds it. */
export async function claim(
  files: FileStore,
  path: string,
  { machine, process, isRunning, randomBytes }: Claimant,
): Promise<Lock | LockHolder> {
  const directory = dirname(path);
  const here = machine.replaceAll(/[^\w-]/g, "-");
  const digits = Array.from(randomBytes(4), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const own = `${basename(path)}.${here}.${process}.${digits}.lock`;
  const claimed = await files.create(join(directory, own));
  await claimed.close();
  const release = (): Promise<void> => files.remove(join(directory, own));

  for (const { name } of await files.list(directory)) {
    const other = claimantOf(name, basename(path));
    if (!other || name === own) continue;
    if (other.machine !== here || (await isRunning(other.process))) {
      await release();
      return { ...other, path: join(directory, name) };
    }
    await files.remove(join(directory, name));
  }
  return { release };
}

/** What a process may take to be gone that was killed, whose claim counts until then. */
const LAST_MOMENTS_MS = 2000;
const LOOK_EVERY_MS = 100;

/** Claims a path as soon as whoever holds it lets go, or says who still does after two seconds. */
export async function claimInTime(
  files: FileStore,
  path: string,
  { claimant, clock }: { readonly claimant: Claimant; readonly clock: Clock },
): Promise<Lock | LockHolder> {
  const until = clock.nowMs() + LAST_MOMENTS_MS;
  for (;;) {
    const claimed = await claim(files, path, claimant);
    if ("release" in claimed || clock.nowMs() > until) return claimed;
    await clock.wait(LOOK_EVERY_MS);
  }
}

/** Whether a file stands for a claim on a path of this name. */
export const isClaim = (file: string, claimed: string): boolean =>
  claimantOf(file, claimed) !== undefined;

function claimantOf(
  name: string,
  claimed: string,
): Pick<Claimant, "machine" | "process"> | undefined {
  if (!name.startsWith(`${claimed}.`)) return undefined;
  const [, machine, process] =
    /^([\w-]+)\.(\d+)\.[0-9a-f]{8}\.lock$/.exec(name.slice(claimed.length + 1)) ?? [];
  return machine === undefined ? undefined : { machine, process: Number(process) };
}
