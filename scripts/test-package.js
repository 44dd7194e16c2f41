/**
 * @file The package as others get it: packed, installed into an empty folder from an empty cache, type-checked by a strict consumer, and
 * run on the versions of Node that it is for. Needs the registry; one to two minutes.
 *
 *   npm run test:package [-- 20,22,24]
 */

import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A third of a megabyte of it is the page that trains. */
const MAX_BYTES = 1.5e6;
const versions = (process.argv[2] ?? "20,22,24").split(",").map(Number);
const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "flora-package-"));
const { exports, devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const COMPILER_OPTIONS = {
  target: "es2023",
  lib: ["es2023"],
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
};

try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function main() {
  const tarball = timed("packed", pack);
  const consumer = join(folder, "consumer");
  timed("installed, no scripts, empty cache", () =>
    install(consumer, [tarball, `@types/node@${devDependencies["@types/node"]}`], {
      flags: ["--ignore-scripts"],
    }),
  );
  timed("installed, scripts, ONNXRUNTIME_NODE_INSTALL=skip", () => installWithScripts(tarball));
  timed("type-checked under nodenext and bundler", () => typeCheck(consumer));

  const missing = [];
  for (const version of versions) {
    const node = timed(`Node ${version} found`, () => nodeOf(version));
    if (node === undefined) missing.push(version);
    else timed(`ran on ${run(node, ["--version"]).trim()}`, () => use(node, consumer));
  }
  const tried = versions.length - missing.length;
  console.log(`${tried} of ${versions.length} versions of Node passed`);
  if (missing.length === 0) return;
  console.error(`NOT TESTED: Node ${missing.join(", ")} could not be had from the registry`);
  if (tried === 0) process.exitCode = 1;
}

/** The paths in a tree of conditions. */
function leavesOf(target) {
  return typeof target === "string" ? [target] : Object.values(target).flatMap(leavesOf);
}

/** The tarball, with everything that runs and nothing else. */
function pack() {
  rmSync(join(root, "dist"), { recursive: true, force: true });
  const [packed] = JSON.parse(npm(root, ["pack", "--json", "--pack-destination", folder]));
  const paths = packed.files.map(({ path }) => path);
  const targets = leavesOf(exports);
  for (const target of ["./bin/flora.js", "./LICENSE", "./README.md", ...targets]) {
    if (!paths.includes(target.slice(2))) throw new Error(`${target} is not in the package`);
  }
  const strays = paths.filter((path) => path.endsWith(".map") || /^(src|test)\//.test(path));
  if (strays.length > 0) throw new Error(`in the package: ${strays.join(", ")}`);
  if (packed.size >= MAX_BYTES) throw new Error(`the package has ${packed.size} bytes`);
  console.log(`${packed.filename}: ${packed.size} bytes, ${packed.files.length} files`);
  return join(folder, packed.filename);
}

function install(directory, packages, { flags = [], env = {} } = {}) {
  mkdirSync(directory);
  const manifest = { name: "consumer", version: "1.0.0", private: true, type: "module" };
  writeFileSync(join(directory, "package.json"), JSON.stringify(manifest));
  const cache = join(folder, "cache");
  const quiet = ["--no-audit", "--no-fund", "--loglevel", "error"];
  npm(directory, ["install", ...packages, "--cache", cache, ...quiet, ...flags], env);
}

/** What the README says of those who do not switch scripts off. */
function installWithScripts(tarball) {
  const directory = join(folder, "with-scripts");
  install(directory, [tarball], {
    flags: ["--ignore-scripts=false", "--prefer-offline"],
    env: { ONNXRUNTIME_NODE_INSTALL: "skip" },
  });
  const downloaded = readdirSync(join(directory, "node_modules/onnxruntime-node"), {
    recursive: true,
  }).filter((path) => /cuda|tensorrt/i.test(path) && /\.(so|dll)/.test(path));
  if (downloaded.length > 0) throw new Error(`downloaded: ${downloaded.join(", ")}`);
  rmSync(directory, { recursive: true });
}

/** The consumer, and every entry point but the one whose peer is not installed. */
function typeCheck(directory) {
  copyFileSync(join(root, "test/package/consumer.ts"), join(directory, "consumer.ts"));
  const names = Object.keys(exports).filter((name) => !/\.json$|web$/.test(name));
  const imports = names.map((name, i) => `import * as e${i} from "flora-train${name.slice(1)}";`);
  const counts = `console.log([${names.map((_, i) => `e${i}`).join(", ")}].length, "entry points");`;
  writeFileSync(join(directory, "entries.ts"), `${imports.join("\n")}\n${counts}\n`);
  for (const [module, moduleResolution] of [
    ["preserve", "bundler"],
    ["nodenext", "nodenext"],
  ]) {
    const compilerOptions = { ...COMPILER_OPTIONS, module, moduleResolution, outDir: module };
    const config = join(directory, `tsconfig.${module}.json`);
    writeFileSync(
      config,
      JSON.stringify({ compilerOptions, files: ["consumer.ts", "entries.ts"] }),
    );
    run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", config]);
  }
}

/** Ten steps, every entry point, and the command line. */
function use(node, directory) {
  const options = { cwd: directory, env: { ...process.env, TMPDIR: folder } };
  process.stdout.write(run(node, ["nodenext/entries.js"], options));
  process.stdout.write(run(node, ["nodenext/consumer.js"], options));
  run(node, ["node_modules/flora-train/bin/flora.js", "doctor"], options);
}

/** The program of a version: this one's, or that of the registry; undefined if there is none. */
function nodeOf(version) {
  if (Number.parseInt(process.versions.node, 10) === version) return process.execPath;
  const platform = process.platform === "win32" ? "win" : process.platform;
  const name = `node-${platform}-${process.arch}`;
  const directory = join(folder, `node-${version}`);
  mkdirSync(directory);
  writeFileSync(join(directory, "package.json"), "{}");
  try {
    npm(directory, [
      "install",
      `${name}@${version}`,
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
    ]);
  } catch (error) {
    console.error(String(error));
    return undefined;
  }
  const program = process.platform === "win32" ? "node.exe" : "node";
  const path = join(directory, "node_modules", name, "bin", program);
  return existsSync(path) ? path : undefined;
}

/** npm's standard output. The settings of the npm that runs this script are not handed on, but for those of the network. */
function npm(cwd, words, env = {}) {
  const settings = Object.entries(process.env).filter(
    ([name]) =>
      !/^npm_/i.test(name) || /^npm_config_.*(registry|proxy|cafile|userconfig|auth)/i.test(name),
  );
  const options = { cwd, env: { ...Object.fromEntries(settings), ...env } };
  return run("npm", words, { ...options, shell: process.platform === "win32" });
}

function run(command, words, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, words, {
    encoding: "utf8",
    maxBuffer: 64e6,
    ...options,
  });
  if (status === 0) return stdout;
  const what = [command, ...words].join(" ");
  throw new Error(`${what} failed (${status})\n${stdout}${stderr}`, { cause: error });
}

function timed(what, action) {
  const start = performance.now();
  const result = action();
  console.log(`${what}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}
