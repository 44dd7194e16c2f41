/** Control groups as the kernel's documentation has them (cgroup-v1/memory, cgroup-v2). */

import { expect, it } from "vitest";
import { availableIn } from "../../src/host/node-memory.ts";

const GB = 1e9;
const V1 = "/sys/fs/cgroup/memory";
const V2 = "/sys/fs/cgroup";

it.each<[string, string, Readonly<Record<string, string>>, number]>([
  ["a machine without groups", "linux", {}, 8 * GB],
  [
    "a container, whose cache of files is given back",
    "linux",
    {
      "/proc/self/cgroup": "0::/\n",
      [`${V2}/memory.max`]: "4000000000\n",
      [`${V2}/memory.current`]: "3900000000\n",
      [`${V2}/memory.stat`]: "anon 900000000\ninactive_file 3000000000\nactive_file 1\n",
    },
    3.1 * GB,
  ],
  [
    "a group without a limit, in one that has one",
    "linux",
    {
      "/proc/self/cgroup": "0::/job/step\n",
      [`${V2}/job/memory.max`]: "2000000000\n",
      [`${V2}/job/memory.current`]: "500000000\n",
      [`${V2}/job/step/memory.max`]: "max\n",
      [`${V2}/job/step/memory.current`]: "400000000\n",
    },
    1.5 * GB,
  ],
  [
    "a group of the first version",
    "linux",
    {
      "/proc/self/cgroup": "5:cpu,cpuacct:/a\n4:memory:/a\n",
      [`${V1}/memory.limit_in_bytes`]: "9223372036854771712\n",
      [`${V1}/memory.usage_in_bytes`]: "1\n",
      [`${V1}/a/memory.limit_in_bytes`]: "1000000000\n",
      [`${V1}/a/memory.usage_in_bytes`]: "400000000\n",
      [`${V1}/a/memory.stat`]: "inactive_file 5\ntotal_inactive_file 100000000\n",
    },
    0.7 * GB,
  ],
  [
    "a group that is over its limit",
    "linux",
    {
      "/proc/self/cgroup": "0::/\n",
      [`${V2}/memory.max`]: "1000\n",
      [`${V2}/memory.current`]: "2000\n",
    },
    0,
  ],
  ["a Mac, which calls its cache taken", "darwin", {}, 16 * GB],
  ["Windows", "win32", {}, 8 * GB],
])("%s", (_, platform, files, expected) => {
  const machine = { platform, totalBytes: 16 * GB, freeBytes: 8 * GB };
  expect(availableIn({ ...machine, read: (path) => files[path] ?? "" })).toBe(expected);
});
