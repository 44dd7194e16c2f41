/** @file What went wrong, in one sentence that a person can act on. */

import { FormatError, UsageError } from "flora-train";

/** What browsers and WebAssembly say where there is no memory left. */
const NO_MEMORY =
  /bad_alloc|out of memory|Array buffer allocation failed|Invalid typed array length|memory access out of bounds/i;

/**
 * @param {unknown} error
 * @returns {string}
 */
export function sentence(error) {
  const code = error instanceof Error ? codeOf(error) : undefined;
  if (code === "EDQUOT") {
    return "The browser gives this page no more disk space; remove a run, or free some on the disk.";
  }
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof UsageError || error instanceof FormatError) {
    const hint = error instanceof UsageError && error.hint !== undefined ? `; ${error.hint}` : "";
    return finished(inThePage(message + hint));
  }
  if (NO_MEMORY.test(message)) {
    return "The tab has no more memory (WebAssembly ends at 4 GB); take a smaller model.";
  }
  return finished(message);
}

/**
 * The device as the page has it, not as options are written.
 *
 * @param {string} text
 */
const inThePage = (text) =>
  text.replace(/^device: /, "").replace('device: "wasm"', "the processor (under Computes)");

/**
 * The code of an error of a file, which may lie behind another error.
 *
 * @param {Error} error
 * @returns {string | undefined}
 */
function codeOf(error) {
  if ("code" in error && typeof error.code === "string") return error.code;
  if (error.name === "QuotaExceededError") return "EDQUOT";
  return error.cause instanceof Error ? codeOf(error.cause) : undefined;
}

/**
 * With a capital and a full stop; a path and a name stay as they are.
 *
 * @param {string} text
 */
const finished = (text) =>
  text.replace(/^[a-z](?=[a-z]*[\s:])/, (letter) => letter.toUpperCase()) +
  (/[.!?]$/.test(text) ? "" : ".");
