/** @file Two ranks in a network of their own, whose loopback `tc` makes as slow as is asked for, for both together (Linux, root). */

import { spawnSync } from "node:child_process";

/** A container is root's. */
export const environment = {
  ...process.env,
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
};

/** What two ranks of a program of Node print as JSON. Both send through one queue of this rate. */
export function overLink(rate, words) {
  const mca = ["btl tcp,self", "btl_tcp_if_include lo", "oob_tcp_if_include lo"];
  const launch = `mpirun --oversubscribe ${mca.map((each) => `--mca ${each}`).join(" ")} -n 2`;
  const script =
    `ip link set lo up && tc qdisc add dev lo root tbf rate ${rate} burst 512k latency 100ms && ` +
    `${launch} "$0" "$@"`;
  const { status, stdout, stderr } = spawnSync(
    "unshare",
    ["-n", "sh", "-c", script, process.execPath, ...words],
    { env: environment, encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`a link of ${rate} failed: ${stderr}`);
  return JSON.parse(stdout);
}
