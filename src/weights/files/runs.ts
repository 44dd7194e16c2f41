/**
 * @file Tensors that lie one after the other in a file, as ranges to be read at once.
 *
 * V8 looks for garbage whenever some tens of megabytes were allocated outside its heap, however few arrays they are: to read a model
 * tensor by tensor takes a third longer than in a few ranges.
 */

import type { TensorInfo } from "./safetensors-header.ts";

/** A tensor and its name. */
export type Located = readonly [name: string, info: TensorInfo];

/** Neighbours, of which each begins where the one before ends. */
export interface Run {
  readonly begin: number;
  readonly end: number;
  readonly tensors: readonly Located[];
}

/** Tensors, in the order of the data, in runs of one type and at most so many bytes; a larger tensor is a run. */
export function runsOf(tensors: Iterable<Located>, mostBytes: number): readonly Run[] {
  const runs: { readonly begin: number; end: number; readonly tensors: Located[] }[] = [];
  for (const located of tensors) {
    const [, { dtype, begin, end }] = located;
    const last = runs.at(-1);
    const isAlike = last?.end === begin && last.tensors[0]?.[1].dtype === dtype;
    if (last && isAlike && end - last.begin <= mostBytes) {
      last.tensors.push(located);
      last.end = end;
    } else {
      runs.push({ begin, end, tensors: [located] });
    }
  }
  return runs;
}

/** Checksums of the tensors of a run, from its bytes as they come. */
export function runningSums(
  { begin, tensors }: Run,
  crc32: (bytes: Uint8Array, sum: number) => number,
): { add(part: Uint8Array): void; values(): ReadonlyMap<string, number> } {
  const sums = new Map(tensors.map(([name]) => [name, 0]));
  const ends = [...tensors];
  let at = begin;
  return {
    add(part) {
      for (let rest = part; rest.length > 0;) {
        const [first] = ends;
        if (!first) return;
        const [name, { end }] = first;
        const own = rest.subarray(0, end - at);
        sums.set(name, crc32(own, sums.get(name) ?? 0));
        at += own.length;
        rest = rest.subarray(own.length);
        if (at === end) ends.shift();
      }
    },
    values: () => sums,
  };
}
