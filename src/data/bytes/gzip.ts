/** @file What gzip packed: RFC 1952. */

import { FormatError, UsageError } from "../../errors.ts";
import type { Bytes } from "./file-parts.ts";

/** What such files begin with, with the only method there is. */
const MAGIC = [0x1f, 0x8b, 0x08] as const;

/** Whether a file that begins so was made by gzip. */
export const isGzip = (beginning: Bytes): boolean =>
  MAGIC.every((byte, i) => beginning[i] === byte);

/** What a file was made of. @throws {FormatError} if it is damaged. */
export async function* gunzipped(
  path: string,
  packed: AsyncIterable<Bytes>,
): AsyncGenerator<Bytes, void, undefined> {
  const { readable, writable } = new DecompressionStream("gzip");
  const [writer, reader] = [writable.getWriter(), readable.getReader()];
  let refusal: unknown;
  const written = (async () => {
    for await (const part of packed) await writer.write(part);
    await writer.close();
  })().catch(async (error: unknown) => {
    // What the file refuses is told as it is; what the stream refuses is told by its reader.
    if (error instanceof UsageError) refusal = error;
    await writer.abort(error).catch(() => undefined);
  });
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } catch (cause) {
    throw refusal ?? new FormatError(path, "damaged: gzip cannot unpack it", { cause });
  } finally {
    await reader.cancel().catch(() => undefined);
    await written;
  }
}
