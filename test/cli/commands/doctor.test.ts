/** What `flora doctor` says of what a machine may lack. */

import { expect, it } from "vitest";
import { mpiText } from "../../../src/cli/commands/doctor.ts";

it("says which MPI there is, or how to get one", () => {
  expect(mpiText({ name: "libmpi.so.40", version: "Open MPI v4.1.4" })).toBe(
    "Open MPI v4.1.4, libmpi.so.40",
  );
  expect(mpiText(undefined)).toMatch(/^none; .*apt-get install openmpi-bin/);
});
