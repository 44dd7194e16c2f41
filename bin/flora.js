#!/usr/bin/env node
/**
 * @file Starts the command line. In a clone it first compiles src/ to dist/ where that is older.
 */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import module from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { memoryEnvironment } from "./memory-environment.js";

const OLDEST_NODE = "20.15";
const root = fileURLToPath(new URL("..", import.meta.url));

if (process.versions.node.localeCompare(OLDEST_NODE, "en", { numeric: true }) < 0) {
  fail(`flora needs Node ${OLDEST_NODE} or newer; got ${process.version}`);
}
// Node 22.8 and later keep what they compile in the folder for temporary files; NODE_DISABLE_COMPILE_CACHE=1 forbids it.
module.enableCompileCache?.();
if (isStale()) build();
const words = process.argv.slice(2);
const isThrifty = Object.keys(memoryEnvironment).every((name) => name in process.env);
if (words.includes("--low-memory") && !isThrifty) {
  restart(words);
} else {
  const { main } = await import("../dist/cli/main.js");
  await main(words);
}

/** Runs the same command in a process with a thriftier allocator, and ends as it ends. */
function restart(command) {
  const env = { ...process.env, ...memoryEnvironment };
  const program = fileURLToPath(import.meta.url);
  // The channel closes when this process ends, however it does; the other one then saves and ends too.
  const stdio = ["inherit", "inherit", "inherit", "ipc"];
  const child = spawn(process.execPath, [program, ...command], { env, stdio });
  // A terminal sends Ctrl-C to both; other senders know only this process.
  process.on("SIGINT", () => undefined);
  for (const event of ["SIGTERM", "SIGHUP", "disconnect"]) {
    process.on(event, () => child.kill("SIGTERM"));
  }
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
}

/** A published package has no src/. */
function isStale() {
  const sources = join(root, "src");
  if (!existsSync(sources)) return false;
  const built = statSync(join(root, "dist"), { throwIfNoEntry: false });
  return built === undefined || newest(sources) > built.mtimeMs;
}

/** When something in a directory was last written, created or removed. */
function newest(directory) {
  let time = statSync(directory).mtimeMs;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    time = Math.max(time, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return time;
}

/** Compiles into a directory of its own, so that dist/ is never half written. */
function build() {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  if (!existsSync(compiler)) fail("flora is not built; run npm ci first");
  console.error("building (once) ...");
  const fresh = join(root, `dist-${process.pid}`);
  const options = ["-p", join(root, "tsconfig.build.json"), "--noCheck", "--outDir", fresh];
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, ...options], {
    encoding: "utf8",
  });
  if (status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    fail(`flora could not be built\n${stdout}${stderr}`);
  }
  replace(join(root, "dist"), fresh);
}

function replace(directory, fresh) {
  const old = `${fresh}-old`;
  try {
    if (existsSync(directory)) renameSync(directory, old);
    renameSync(fresh, directory);
  } catch {
    // Another flora has built it meanwhile.
    rmSync(fresh, { recursive: true, force: true });
  }
  rmSync(old, { recursive: true, force: true });
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
