/** @file What a teacher said, as a file: it lies beside the checkpoints of a run, and other runs may learn from it. */

import { FormatError } from "../../errors.ts";
import type { FileStore } from "../../host/host.ts";
import { hostTensor } from "../../tensor/host-tensor.ts";
import { openSafetensors, type SafetensorsFile, writeSafetensors } from "../../weights/index.ts";
import type { Said } from "./said.ts";

/** Each example: two halves of its key, and its first target, [E, 3]; and the K tokens of each target with their shares, [M, K]. */
const [EXAMPLES, IDS, SHARES] = ["examples", "ids", "shares"] as const;

/** Writes a file atomically; the folder must be there. */
export function saveSaid(files: FileStore, path: string, said: Said): Promise<void> {
  const { choices, examples, ids, shares } = said;
  const rows = [...examples].flatMap(([key, first]) => [...key.split(".").map(Number), first]);
  const shape = [ids.length / choices, choices];
  return writeSafetensors(files, path, [
    [EXAMPLES, hostTensor("int32", [examples.size, 3], Int32Array.from(rows))],
    [IDS, hostTensor("int32", shape, ids)],
    [SHARES, hostTensor("float16", shape, shares)],
  ]);
}

/** @throws {UsageError | FormatError} if there is no such file, or it is another one. */
export async function readSaid(files: FileStore, path: string): Promise<Said> {
  const file = await openSafetensors(files, path);
  try {
    const examples = await integers(file, path, EXAMPLES);
    const ids = await integers(file, path, IDS);
    checkHas(file, path, SHARES);
    const { data: shares, dtype, shape } = await file.read(SHARES, { widen: false });
    const [, choices = 0] = shape;
    if (dtype !== "float16" || !(shares instanceof Uint16Array) || choices === 0) {
      throw new FormatError(path, `${SHARES} must be float16, for each target some`);
    }
    if (ids.length !== shares.length || examples.length % 3 !== 0) {
      throw new FormatError(path, `${IDS} and ${SHARES} must be of one shape`);
    }
    const places = new Map<string, number>();
    for (let i = 0; i < examples.length; i += 3) {
      const [a = 0, b = 0, first = 0] = examples.subarray(i, i + 3);
      places.set(`${a >>> 0}.${b >>> 0}`, first);
    }
    return { choices, examples: places, ids, shares };
  } finally {
    await file.close();
  }
}

function checkHas({ tensors }: SafetensorsFile, path: string, name: string): void {
  if (tensors.has(name)) return;
  throw new FormatError(path, `nothing that a teacher said; it lacks the tensor "${name}"`);
}

async function integers(file: SafetensorsFile, path: string, name: string): Promise<Int32Array> {
  checkHas(file, path, name);
  const { data } = await file.read(name);
  if (data instanceof Int32Array) return data;
  throw new FormatError(path, `${name} must be int32`);
}
