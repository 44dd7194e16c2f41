/** The native library tells nobody of its use: it leaves no identifier of the device. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";

it("a run leaves nothing in the user's home", () => {
  const home = mkdtempSync(join(tmpdir(), "flora-home-"));
  const { ORT_DISABLE_TELEMETRY: _, XDG_CACHE_HOME: _cache, ...env } = process.env;
  const { status } = spawnSync(process.execPath, ["bin/flora.js", "doctor"], {
    env: { ...env, HOME: home },
    encoding: "utf8",
  });
  expect(status).toBe(0);
  expect(readdirSync(home, { recursive: true })).toEqual([]);
});
