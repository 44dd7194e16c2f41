/** @file What the tests of files share: a place to write, bytes to write, and errors to look at. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** An empty directory that goes when the test ends. */
export function temporaryDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), "flora-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

/** A safetensors file with the given header, as it stands, and `dataBytes` zeros. */
export function safetensorsBytes(header: string | Uint8Array, dataBytes = 0): Buffer {
  const length = Buffer.alloc(8);
  const bytes = Buffer.from(header);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([length, bytes, Buffer.alloc(dataBytes)]);
}

/** The file as the reference would have written it: without the checksums in its header. */
export function withoutChecksums(bytes: Buffer): Buffer {
  const end = 8 + Number(bytes.readBigUInt64LE());
  const header = bytes
    .toString("utf8", 8, end)
    .trimEnd()
    .replace(/"crc32":"[0-9a-f]*","crc32\.header":"[0-9a-f]{8}",/, "");
  const length = Buffer.byteLength(header);
  const padded = header + " ".repeat(Math.ceil(length / 8) * 8 - length);
  return Buffer.concat([safetensorsBytes(padded), bytes.subarray(end)]);
}

/** What `promise` fails with. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("expected a failure");
}

/** An error as Node throws it for a failed system call. */
export const systemError = (code: string): Error =>
  Object.assign(new Error(`${code}: simulated`), { code });
