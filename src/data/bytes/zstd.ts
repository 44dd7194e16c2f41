/** @file What zstd packed: RFC 8878. Checksums are not compared. */

import { FormatError } from "../../errors.ts";
import type { Bytes } from "./file-parts.ts";

/** What such files begin with. */
const MAGIC = [0x28, 0xb5, 0x2f, 0xfd] as const;

/** Bytes that are unpacked at a time: what comes of them is in memory at once, and may be a thousand times as much. */
const PUSHED_BYTES = 2 ** 12;

/** Whether a file that begins so was made by zstd. */
export const isZstd = (beginning: Bytes): boolean =>
  MAGIC.every((byte, i) => beginning[i] === byte);

/** What a file was made of. @throws {FormatError} if it is damaged. */
export async function* unzstd(
  path: string,
  packed: AsyncIterable<Bytes>,
): AsyncGenerator<Bytes, void, undefined> {
  const { Decompress } = await import("fzstd");
  const unpacked: Bytes[] = [];
  const stream = new Decompress((bytes) => unpacked.push(new Uint8Array(bytes)));
  const push = (bytes: Bytes, isLast: boolean): readonly Bytes[] => {
    try {
      stream.push(bytes, isLast);
    } catch (cause) {
      throw new FormatError(path, "damaged: zstd cannot unpack it", { cause });
    }
    return unpacked.splice(0).filter(({ length }) => length > 0);
  };
  for await (const part of packed) {
    for (let from = 0; from < part.length; from += PUSHED_BYTES) {
      yield* push(part.subarray(from, from + PUSHED_BYTES), false);
    }
  }
  yield* push(new Uint8Array(), true);
}
