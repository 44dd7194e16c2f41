/**
 * @file The standard input as a file of data. It is kept in memory, since a file may be read anywhere and again. Of several ranks the first
 * has one, and tells the others when they open it, which all do.
 */

import { alone, bytesOfFirst, type Collective } from "../../collective/index.ts";
import { option, UsageError } from "../../errors.ts";
import type { FileStore, ReadableFile } from "../../host/host.ts";
import { STANDARD_INPUT } from "../../data/formats/registry.ts";
import type { TrainConfig } from "../../options/config.ts";

/**
 * The same files, with one more where the options name it.
 *
 * @throws {UsageError} if they name it twice.
 */
export function withStandardInput(
  files: FileStore,
  { train = [], validation = [] }: Pick<TrainConfig, "train" | "validation">,
  input: AsyncIterable<Uint8Array>,
  ranks: Collective = alone,
): FileStore {
  const count = [...train, ...validation].filter((path) => path === STANDARD_INPUT).length;
  if (count === 0) return files;
  if (count > 1) {
    throw new UsageError(`${option("train", STANDARD_INPUT)}: is read once; got it ${count} times`);
  }
  let content: Promise<Uint8Array<ArrayBuffer>> | undefined;
  return {
    ...files,
    async open(path) {
      if (path !== STANDARD_INPUT) return files.open(path);
      content ??= wholeOf(ranks.rank === 0 ? input : NOTHING).then((own) =>
        bytesOfFirst(ranks, own),
      );
      return asFile(await content);
    },
  };
}

const NOTHING: readonly Uint8Array[] = [];

async function wholeOf(
  input: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const part of input) parts.push(part);
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

const asFile = (content: Uint8Array<ArrayBuffer>): ReadableFile => ({
  bytes: content.length,
  read: (begin, end) => Promise.resolve(content.slice(begin, end)),
  close: () => Promise.resolve(),
});
