/** @file Packages of others, installed in a folder of their own. */

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The module of a package of one version; none of its scripts are run. */
export function fetchPeer(folder, name, version) {
  writeFileSync(join(folder, "package.json"), "{}");
  execFileSync(
    "npm",
    ["install", "--ignore-scripts", "--no-audit", "--no-fund", `${name}@${version}`],
    { cwd: folder, stdio: ["ignore", "ignore", "inherit"] },
  );
  const path = createRequire(join(folder, "package.json")).resolve(name);
  return import(pathToFileURL(path).href);
}
