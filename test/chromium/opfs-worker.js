/** @file A store of files in a worker, at the service of opfs.browser.ts: calls come as messages, with bytes in base64. */

import { browserHost } from "../../dist/host/browser/index.js";

const host = browserHost();
/** Open files and locks, by number. */
const opened = [];

const encoded = (value) => {
  if (value instanceof Uint8Array) return { base64: value.toBase64() };
  const isOpen = typeof value?.close === "function" || typeof value?.release === "function";
  return isOpen ? { opened: opened.push(value) - 1, bytes: value.bytes } : { value };
};

const decoded = (value) =>
  value?.base64 === undefined ? value : Uint8Array.fromBase64(value.base64);

addEventListener("message", async ({ data: { id, on, method, args } }) => {
  try {
    const target = on === undefined ? host.files : opened[on];
    const result = await target[method](...args.map(decoded));
    const bytes = on === undefined ? undefined : target.bytes;
    postMessage({ id, result: encoded(result), bytes });
  } catch (error) {
    postMessage({ id, error: { message: error.message, code: error.code } });
  }
});
postMessage("ready");
