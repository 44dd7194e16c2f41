/** @file What runs in the page of remote-runtime.ts: programs on a runtime of this tab, each run with buffers of its own. */

import { openRuntime } from "flora-train";

/** @type {Map<string, Promise<import("flora-train").Runtime>>} */
const runtimes = new Map();
const loaded = new Map();

/** @param {"wasm" | "webgpu"} device */
function runtimeOf(device) {
  const found = runtimes.get(device) ?? openRuntime({ device, threads: 1 });
  runtimes.set(device, found);
  return found;
}

/**
 * @param {"wasm" | "webgpu"} device
 * @param {{ bytes: string, inputs: object, outputs: object }} program its bytes in base64
 * @returns {Promise<number>} by which it is known
 */
export async function load(device, { bytes, inputs, outputs }) {
  const runtime = await runtimeOf(device);
  const file = bytesOf(bytes);
  const program = {
    bytes: file,
    inputs,
    outputs,
    mayOverwrite: () => false,
    rewritten: () => file,
  };
  const id = loaded.size;
  loaded.set(id, { runtime, executable: await runtime.load(program) });
  return id;
}

/**
 * The outputs of a program, in base64.
 *
 * @param {number} id
 * @param {Record<string, { dtype: string, shape: number[], bytes: string }>} feeds
 * @param {Record<string, { dtype: string, shape: number[] }>} fetches
 */
export async function run(id, feeds, fetches) {
  const { runtime, executable } = loaded.get(id);
  const fed = mapped(feeds, ({ dtype, shape, bytes }) => {
    const buffer = runtime.allocate(dtype, shape);
    buffer.write((elements) =>
      new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength).set(bytesOf(bytes)),
    );
    return buffer;
  });
  const fetched = mapped(fetches, ({ dtype, shape }) => runtime.allocate(dtype, shape));
  await executable.run(fed, fetched);
  const answered = Object.entries(fetched).map(async ([name, buffer]) => [
    name,
    textOf(await buffer.read()),
  ]);
  return Object.fromEntries(await Promise.all(answered));
}

/** @param {number} id */
export const release = (id) => loaded.get(id).executable.release();

const mapped = (entries, make) =>
  Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, make(value)]));

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

function textOf({ buffer, byteOffset, byteLength }) {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
