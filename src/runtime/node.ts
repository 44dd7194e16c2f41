/** @file onnxruntime-node: native kernels on the CPU. */

import { createRequire } from "node:module";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type * as Onnxruntime from "onnxruntime-node";
import type { Runtime } from "./runtime.ts";
import { hostRuntime } from "./session.ts";
import { UNANSWERED, unanswered, unansweredModel } from "./unanswered.ts";

/** How the CPU is used. */
export interface CpuOptions {
  /** Threads of one operator; onnxruntime's choice (one per core) if absent. */
  readonly threads?: number;
}

const require = createRequire(import.meta.url);
/** Loads the native library when it is first asked for: many programs that import this need no runtime. */
function onnxruntime(): typeof Onnxruntime {
  // On Linux the library tells Microsoft of its use unless it is asked not to.
  process.env["ORT_DISABLE_TELEMETRY"] ??= "1";
  return require("onnxruntime-node");
}

/** The CPU runtime. Its programs run on the calling thread and block it. */
export function cpuRuntime({ threads }: CpuOptions = {}): Runtime {
  const ort = onnxruntime();
  return hostRuntime<Onnxruntime.Tensor>({
    name: "cpu",
    createTensor: (dtype, data, shape) => new ort.Tensor(dtype, data, shape),
    collectGarbage: garbageCollector(),
    async createSession(bytes, { arena = true }) {
      const session = await ort.InferenceSession.create(unansweredModel(bytes), {
        executionProviders: ["cpu"],
        // Planned memory blocks live as long as the session; without them a third less is resident.
        enableMemPattern: false,
        enableCpuMemArena: arena,
        logSeverityLevel: 3,
        ...(threads !== undefined && { intraOpNumThreads: threads }),
        // Threads that wait for the next operator are awake for it; a millisecond of that, which is usual, takes more than it gives.
        extra: { session: { intra_op: { spin_duration_us: "20" } } },
      });
      return {
        run: (feeds, fetches) =>
          unanswered(() => session.run(feeds, { [UNANSWERED]: null, ...fetches })),
        release: () => session.release(),
      };
    },
  });
}

/** What may gather in V8's heap before all of it is collected, or a quarter of what lives; V8 itself waits for a minute, and for twice the heap. */
const GARBAGE_BYTES = 8e6;

/** V8's collector, which Node hides unless it is started with --expose-gc. */
function garbageCollector(): (kind: "minor" | "major") => void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") return () => undefined;
  const used = () => getHeapStatistics().used_heap_size;
  // What lives is known once all was collected: reading data leaves much.
  let live = 0;
  return (kind) => {
    collect({ type: kind });
    if (kind === "minor") {
      if (used() <= live + Math.max(GARBAGE_BYTES, live / 4)) return;
      // What is recent twice becomes old, and is garbage there.
      collect({ type: "major" });
    }
    live = used();
  };
}

/** Why onnxruntime-node does not load, as on an Intel Mac, for which it has no binary; undefined if it does. */
export function nativeProblem(): string | undefined {
  try {
    onnxruntime();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.split("\n")[0] : String(error);
  }
}

/** The version of onnxruntime. */
export const runtimeVersion = (): string => {
  const { versions } = onnxruntime().env;
  return versions.node ?? versions.common;
};

/** The devices that onnxruntime was built for, such as "cpu" and "webgpu". */
export const devices = (): readonly string[] =>
  onnxruntime()
    .listSupportedBackends()
    .map(({ name }) => name);
