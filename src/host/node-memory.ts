/** @file The memory that the process may still take: what the machine has left, or its control group, whichever is less. */

import { readFileSync } from "node:fs";

/** Bytes; infinite where nobody says. */
export const availableBytes = (): number =>
  Math.min(
    process.availableMemory(),
    groupBytes("/sys/fs/cgroup/memory", V2),
    groupBytes("/sys/fs/cgroup/memory/memory", V1),
  );

/** Names of the files of a control group, and of what it counts though it is given back on demand. */
const V2 = { limit: ".max", used: ".current", reclaimable: "inactive_file" };
const V1 = {
  limit: ".limit_in_bytes",
  used: ".usage_in_bytes",
  reclaimable: "total_inactive_file",
};

function groupBytes(path: string, { limit, used, reclaimable }: typeof V1): number {
  const [most, taken] = [read(path + limit), read(path + used)].map((text) =>
    Number.parseInt(text, 10),
  );
  if (most === undefined || taken === undefined || Number.isNaN(most + taken)) return Infinity;
  const cached = new RegExp(`^${reclaimable} (\\d+)$`, "m").exec(read(`${path}.stat`))?.[1] ?? 0;
  return most - taken + Number(cached);
}

/** The content of a file; nothing where there is none, or no such system. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
