/**
 * @file Weights in one file or in several, as save_pretrained lays them out: a shard takes tensors
 * in their order as long as they fit, and one that fits nowhere has a shard of its own.
 */

import { UsageError } from "../errors.ts";
import { tensorBytes } from "../tensor/host-tensor.ts";
import { elementCount } from "../tensor/shape.ts";
import { WEIGHTS } from "./files/file-names.ts";
import type { NamedTensor } from "./files/safetensors.ts";
import { compareNames } from "./files/safetensors-header.ts";

/** The largest file that save_pretrained writes by default (transformers 5.23): 50 GB. */
const MAX_SHARD_BYTES = 50e9;

/** Whether `name` is that of a file of weights, or of what is left of one that was not finished. */
export const isWeightsFile = (name: string): boolean =>
  /^model(-\d{5}-of-\d{5})?\.safetensors(\.index\.json)?(\.[0-9a-f]{8}\.tmp)?$/.test(name);

export interface Shards {
  /** The tensors of each file. */
  readonly files: ReadonlyMap<string, readonly NamedTensor[]>;
  /** The content of the index; undefined if one file holds all. */
  readonly index: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Deals tensors out to files of at most `maxShardBytes` of data.
 *
 * @throws {UsageError} if `maxShardBytes` is not above 0, or two tensors of two files share a name.
 */
export function shard(
  tensors: readonly NamedTensor[],
  maxShardBytes: number = MAX_SHARD_BYTES,
): Shards {
  if (!(maxShardBytes > 0)) {
    throw new UsageError(`maxShardBytes: must be above 0; got ${maxShardBytes}`);
  }
  const shards = divide(tensors, maxShardBytes);
  if (shards.length <= 1) return { files: new Map([[WEIGHTS, tensors]]), index: undefined };

  const total = five(shards.length);
  const files = new Map(
    shards.map((each, i) => [`model-${five(i + 1)}-of-${total}.safetensors`, each] as const),
  );
  return { files, index: indexOf(files) };
}

const five = (count: number): string => String(count).padStart(5, "0");

function divide(
  tensors: readonly NamedTensor[],
  maxShardBytes: number,
): readonly (readonly NamedTensor[])[] {
  const shards: NamedTensor[][] = [];
  let open: NamedTensor[] = [];
  let openBytes = 0;
  for (const named of tensors) {
    const bytes = bytesOf(named);
    if (bytes > maxShardBytes) {
      shards.push([named]);
      continue;
    }
    if (openBytes + bytes > maxShardBytes) {
      shards.push(open);
      open = [];
      openBytes = 0;
    }
    open.push(named);
    openBytes += bytes;
  }
  return open.length > 0 ? [...shards, open] : shards;
}

function indexOf(files: Shards["files"]): Readonly<Record<string, unknown>> {
  const all = [...files.values()].flat();
  const places = [...files]
    .flatMap(([file, tensors]) => tensors.map(([name]) => [name, file] as const))
    .toSorted(([a], [b]) => compareNames(a, b));
  const twice = places.find(([name], i) => name === places[i + 1]?.[0]);
  if (twice) throw new UsageError(`tensor ${JSON.stringify(twice[0])} appears twice`);
  return {
    metadata: {
      total_parameters: sum(all.map(([, { shape }]) => elementCount(shape))),
      total_size: sum(all.map(bytesOf)),
    },
    weight_map: Object.fromEntries(places),
  };
}

const bytesOf = ([, { dtype, shape }]: NamedTensor): number => tensorBytes(dtype, shape);
const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);
