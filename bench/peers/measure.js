/**
 * @file How a peer is timed, and how it reports when it is a process of its own:
 *
 *   node bench/peers/jax.js 5     prints one Measurement as JSON
 *
 * A step starts with its inputs in the peer's memory and ends with y and all gradients there.
 * Copies to and from JavaScript are not timed.
 */

import { readFileSync } from "node:fs";
import { argv } from "node:process";
import { pathToFileURL } from "node:url";
import { checksum, flops } from "./block.js";

/**
 * @typedef {{
 *   name: string,
 *   version: string,
 *   milliseconds: readonly number[],
 *   gflopsPerSecond: number,
 *   checksum: number,
 * }} Measurement `milliseconds` in the order of the runs; the rate is that of their median
 */

/**
 * Runs a step once to warm up, checks that result against PyTorch's, then times `runs` more.
 *
 * @template R
 * @param {{
 *   name: string,
 *   packageName: string,
 *   runs: number,
 *   step: () => Promise<R>,
 *   read: (result: R) => Promise<Record<string, Float32Array>>,
 *   release: (result: R) => void,
 * }} peer `step` resolves when the computation has ended
 * @returns {Promise<Measurement>}
 * @throws {RangeError} if `runs` is not a positive integer
 * @throws {Error} if a result disagrees with PyTorch's
 */
export async function measurePeer({ name, packageName, runs, step, read, release }) {
  if (!Number.isInteger(runs) || runs < 1) {
    throw new RangeError(`runs: expected a positive integer; got ${runs}`);
  }
  const first = await step();
  const sum = checksum(await read(first));
  release(first);

  const milliseconds = [];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    const result = await step();
    milliseconds.push(performance.now() - start);
    release(result);
  }
  return {
    name,
    version: pinnedVersion(packageName),
    milliseconds,
    gflopsPerSecond: (flops.forward + flops.backward) / median(milliseconds) / 1e6,
    checksum: sum,
  };
}

/**
 * Prints a measurement if the module is the program; the argument is the number of runs.
 *
 * @param {string} moduleUrl `import.meta.url` of the peer
 * @param {(runs: number) => Promise<Measurement>} measure
 */
export async function printIfMain(moduleUrl, measure) {
  if (argv[1] === undefined || pathToFileURL(argv[1]).href !== moduleUrl) return;
  console.log(JSON.stringify(await measure(Number(argv[2] ?? 3))));
}

/** @param {string} packageName */
function pinnedVersion(packageName) {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return JSON.parse(manifest).dependencies[packageName];
}

/** @param {readonly number[]} values */
function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
