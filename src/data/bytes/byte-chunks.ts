/** @file The bytes of a file, a part at a time; of a file that gzip or zstd made, those that it was made of. */

import type { FileStore } from "../../host/host.ts";
import { type Bytes, filePartsOf } from "./file-parts.ts";
import { gunzipped, isGzip } from "./gzip.ts";
import { isZstd, unzstd } from "./zstd.ts";

/**
 * The bytes of a file in order.
 *
 * @throws {UsageError} if it cannot be read.
 * @throws {FormatError} if it was made by gzip or zstd and is damaged.
 */
export async function* byteChunks(
  files: FileStore,
  path: string,
): AsyncGenerator<Bytes, void, undefined> {
  const parts = filePartsOf(files, path);
  const first = await parts.next();
  if (first.done) return;
  const all = putBack(first.value, parts);
  if (isGzip(first.value)) yield* gunzipped(path, all);
  else if (isZstd(first.value)) yield* unzstd(path, all);
  else yield* all;
}

async function* putBack(
  first: Bytes,
  others: AsyncGenerator<Bytes, void, undefined>,
): AsyncGenerator<Bytes, void, undefined> {
  yield first;
  yield* others;
}
