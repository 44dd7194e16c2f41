/**
 * The CPU, or WebAssembly, for tests that are about numbers: one thread an operator, a program that an earlier run of the file has loaded is there already, and
 * garbage is V8's business. A third of a tiny run's time is spent on these otherwise.
 */

import type { Executable, Runtime } from "../../src/runtime/runtime.ts";
import { openTestRuntime } from "./device.ts";

const runtime = await openTestRuntime();
const loaded = new Map<string, Promise<Executable>>();

export const sharedRuntime: Runtime = {
  ...runtime,
  collectGarbage: () => undefined,
  async load(program, options = {}) {
    const key = `${options.arena ?? true} ${Buffer.from(program.bytes).toString("latin1")}`;
    const known = loaded.get(key) ?? runtime.load(program, options);
    loaded.set(key, known);
    const { run } = await known;
    let isReleased = false;
    return {
      program,
      async run(feeds, fetches) {
        if (isReleased) throw new Error("a released program runs");
        await run(feeds, fetches);
      },
      async release() {
        isReleased = true;
      },
    };
  },
};
