/**
 * @file onnxruntime-web on WebGPU: tensors stay in the memory of the GPU, and only what is read comes back.
 *
 * WebGPU lets no kernel write what it reads. Where an output is to take the place of an input, it goes into a buffer of that size which nobody uses, and the
 * two change places: one such buffer serves all weights of a size.
 */

import { InferenceSession, Tensor } from "onnxruntime-web/webgpu";
import { GraphError, option, UsageError } from "../../errors.ts";
import { input } from "../../graph/value.ts";
import { compile, type Program } from "../../onnx/model.ts";
import { neg } from "../../ops/elementwise.ts";
import type { Executable, Runtime, Views } from "../runtime.ts";
import { checkComplete, checkOverwrites, checkTypes, overlap } from "../session.ts";
import type { GpuBuffer, GpuDevice } from "./gpu.ts";
import { withKernels } from "./kernels.ts";
import { gpuMemory, isGpuDType, type Memory, type Place } from "./memory.ts";

/** A tensor of a program: where it lies, and the whole buffer that the kernels see. */
interface Bound {
  readonly name: string;
  readonly place: Place;
  readonly gpu: GpuBuffer;
  readonly tensor: Tensor;
}

/** onnxruntime forgets the kernels that it has compiled for a device when no program is left there, and takes seconds to compile them: one stays. */
const SMALLEST = compile({ y: neg(input("x", "float32", [1])) });

/** The runtime of a device that is open. */
export function webgpuRuntime(device: GpuDevice): Runtime {
  const health = watch(device);
  const memory = gpuMemory(device, health.check);
  const inTurn = oneAtATime();
  const clock = { ms: 0 };
  let kept: Promise<InferenceSession> | undefined;

  async function run(
    session: InferenceSession,
    program: Program,
    [feeds, fetches]: readonly [feeds: Views, fetches: Views],
  ): Promise<void> {
    checkTypes("feed", feeds, program.inputs);
    checkComplete(program, feeds);
    checkTypes("fetch", fetches, program.outputs);
    const [read, written] = [placesOf(memory, "feed", feeds), placesOf(memory, "fetch", fetches)];
    checkOverwrites(program, read, written);
    const bound = read.map(([name, place]) => bindFeed(memory, name, place, feeds));
    const wanted = written.map(([name, place]) => {
      const isRead = read.some(([, other]) => overlap(other, place));
      return bindFetch(memory, { name, place, isRead }, fetches);
    });
    health.check();
    await Promise.race([session.run(tensorsOf(bound), tensorsOf(wanted)), health.lost]);
    health.check();
    for (const { place, gpu } of bound) if (gpu !== place.held.gpu) memory.giveBack(gpu);
    for (const each of wanted) keep(memory, each);
  }

  return {
    name: "webgpu",
    copies: true,
    allocate: memory.allocate,
    allocateAtRest: memory.allocate,
    adopt: memory.adopt,
    elapsedMs: () => clock.ms,
    collectGarbage: () => undefined,

    async load(program): Promise<Executable> {
      health.check();
      kept ??= inTurn(() => createSession(SMALLEST, device));
      await kept;
      const session = await inTurn(() => createSession(program, device));
      return {
        program,
        run: (feeds, fetches) =>
          inTurn(async () => {
            const start = performance.now();
            await run(session, program, [feeds, fetches]);
            clock.ms += performance.now() - start;
          }),
        release: () => inTurn(() => session.release()),
      };
    },
  };
}

/** @throws {UsageError} if an operator has no kernel: what fell back to the CPU would copy its tensors there and back. */
async function createSession(program: Program, device: GpuDevice): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(program.rewritten(withKernels), {
      executionProviders: [{ name: "webgpu", device, storageBufferCacheMode: "simple" }],
      enableMemPattern: false,
      logSeverityLevel: 3,
      extra: { session: { disable_cpu_ep_fallback: "1" } },
    });
  } catch (cause) {
    if (!(cause instanceof Error) || !/fallback/.test(cause.message)) throw cause;
    throw new UsageError(`${option("device")}: WebGPU has no kernel for an operator of this run`, {
      cause,
      hint: `take ${option("device", "wasm")}`,
    });
  }
}

const placesOf = (
  memory: Memory,
  kind: "feed" | "fetch",
  views: Views,
): readonly (readonly [string, Place])[] =>
  Object.entries(views).map(([name, view]) => {
    const place = memory.placeOf(view);
    if (!place) throw new GraphError(`run: ${kind} "${name}" belongs to another runtime`);
    return [name, place] as const;
  });

/** A feed that begins within a buffer is copied to the beginning of one. */
function bindFeed(memory: Memory, name: string, place: Place, views: Views): Bound {
  const { held, begin, end } = place;
  if (begin === 0) return { name, place, gpu: held.gpu, tensor: tensorOver(held.gpu, views, name) };
  const gpu = memory.borrow(end - begin);
  memory.copy(held.gpu, begin, gpu, 0, end - begin);
  return { name, place, gpu, tensor: tensorOver(gpu, views, name) };
}

/** A fetch whose memory is read, or that begins within a buffer, is written elsewhere. */
function bindFetch(
  memory: Memory,
  { name, place, isRead }: { name: string; place: Place; isRead: boolean },
  views: Views,
): Bound {
  const { held, begin, end } = place;
  const gpu = begin === 0 && !isRead ? held.gpu : memory.borrow(end - begin);
  return { name, place, gpu, tensor: tensorOver(gpu, views, name) };
}

/** Puts what was written elsewhere in its place: the buffer itself where it is as large as what was there, else a copy. */
function keep(memory: Memory, { gpu, place: { held, begin, end } }: Bound): void {
  if (gpu === held.gpu) return;
  const isWhole = begin === 0 && gpu.size === held.gpu.size;
  const unused = isWhole ? held.gpu : gpu;
  if (isWhole) held.gpu = gpu;
  else memory.copy(gpu, 0, held.gpu, begin, end - begin);
  memory.giveBack(unused);
}

function tensorOver(gpu: GpuBuffer, views: Views, name: string): Tensor {
  const view = views[name];
  if (!view || !isGpuDType(view.dtype)) throw new Error(`internal: ${name} is not on the GPU`);
  return Tensor.fromGpuBuffer(gpu, { dataType: view.dtype, dims: view.shape });
}

const tensorsOf = (bound: readonly Bound[]): Readonly<Record<string, Tensor>> =>
  Object.fromEntries(bound.map(({ name, tensor }) => [name, tensor]));

/** What became of a device. */
interface Health {
  /** @throws {Error} if it is lost, or has refused something. */
  check(): void;
  /** Rejects when it is lost. */
  readonly lost: Promise<never>;
}

function watch(device: GpuDevice): Health {
  let problem: Error | undefined;
  const lost = device.lost.then(({ message }): never => {
    problem = new UsageError(`the GPU is gone; got ${JSON.stringify(message)}`, {
      hint: `reload the page and go on from the last save, with ${option("device", "wasm")} if it happens again`,
    });
    throw problem;
  });
  // Whoever runs something then hears of it.
  lost.catch(() => undefined);
  device.addEventListener("uncapturederror", ({ error }) => {
    problem ??= new UsageError(`the GPU refused something; got ${JSON.stringify(error.message)}`, {
      hint: `take ${option("device", "wasm")}, or less at a time: ${option("batchSize")}`,
    });
  });
  return {
    lost,
    check() {
      if (problem) throw problem;
    },
  };
}

/** onnxruntime-web does one thing at a time: it is compiled so that its stack is put aside while it waits. */
function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = last.then(work, work);
    last = done.catch(() => undefined);
    return done;
  };
}
