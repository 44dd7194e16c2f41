/** @file Compiled programs, made when they are first needed and kept until they are released. */

import type { Program } from "../onnx/model.ts";
import type { Executable, LoadOptions, Runtime, Views } from "./runtime.ts";

export interface ProgramCache {
  /** The executable of a key; `build` makes the program the first time. */
  get(key: string, build: () => Program, options?: LoadOptions): Promise<Executable>;
  /** Runs an executable and counts its operations. */
  run(executable: Executable, feeds: Views, fetches: Views): Promise<void>;
  /** Floating-point operations of all runs so far. */
  operations(): number;
  /** Frees all programs. */
  release(): Promise<void>;
}

/** Those of the views that a program has among its inputs, or among its outputs. */
export const only = (views: Views, types: Program["inputs"]): Views =>
  Object.fromEntries(Object.entries(views).filter(([name]) => name in types));

export function createProgramCache(runtime: Runtime): ProgramCache {
  const loaded = new Map<string, Promise<Executable>>();
  const meter = { operations: 0 };
  return {
    get(key, build, options) {
      const known = loaded.get(key) ?? runtime.load(build(), options);
      loaded.set(key, known);
      return known;
    },
    async run(executable, feeds, fetches) {
      await executable.run(feeds, fetches);
      meter.operations += executable.program.operations;
    },
    operations: () => meter.operations,
    async release() {
      for (const executable of loaded.values()) await (await executable).release();
      loaded.clear();
    },
  };
}
