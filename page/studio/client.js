/** @file The worker of the studio as functions of the page. */

/** @import { LoggedEvent } from "flora-train" */
/** @import { Methods } from "./worker.js" */

/**
 * Starts the worker.
 *
 * @param {object} heard
 * @param {(run: string, event: LoggedEvent) => void} heard.event what runs tell
 * @param {(file: string) => void} heard.coming what is being fetched
 * @param {(run: string, said: string) => void} heard.said what there is of an answer
 */
export function startWorker(heard) {
  const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: Error) => void }>} */
  const waiting = new Map();
  let last = 0;
  worker.addEventListener(
    "message",
    ({ data: { id, run, event, coming, said, result, error } }) => {
      if (coming !== undefined) return heard.coming(coming);
      if (said !== undefined) return heard.said(run, said);
      if (run !== undefined) return heard.event(run, event);
      const asked = waiting.get(id);
      waiting.delete(id);
      if (error === undefined) asked?.resolve(result);
      else asked?.reject(new Error(error));
    },
  );
  worker.addEventListener("error", ({ message }) => {
    const error = new Error(message || "The program of the page could not be loaded; reload it.");
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  });
  return {
    /**
     * @template {keyof Methods} Name
     * @param {Name} method
     * @param {Parameters<Methods[Name]>} args
     * @returns {Promise<Awaited<ReturnType<Methods[Name]>>>} rejects with a sentence
     */
    call: (method, ...args) =>
      new Promise((resolve, reject) => {
        waiting.set(++last, { resolve, reject });
        worker.postMessage({ id: last, method, args });
      }),
  };
}
