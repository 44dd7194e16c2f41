/** @file Two text files as one: line i of the second answers line i of the first. */

import { FormatError } from "../../errors.ts";
import type { FileStore } from "../../host/host.ts";
import { linesOf } from "../bytes/lines.ts";
import type { PlacedRow, RowSource } from "./row.ts";

export const openParallel = (
  files: FileStore,
  [source, target]: readonly [source: string, target: string],
): RowSource => ({
  name: source,
  ownColumns: ["source", "target"],
  rows: () => rowsOf(files, source, target),
});

/** @throws {FormatError} if one has more lines than the other. */
async function* rowsOf(
  files: FileStore,
  sourcePath: string,
  targetPath: string,
): AsyncGenerator<PlacedRow, void, undefined> {
  const [sources, targets] = [linesOf(files, sourcePath), linesOf(files, targetPath)];
  for (let both = 0; ; both += 1) {
    const [source, target] = [await sources.next(), await targets.next()];
    if (source.done && target.done) return;
    if (source.done || target.done) {
      const lengths = [source, target].map(({ done }) => (done ? both : both + 1));
      const [first = 0, second = 0] = lengths;
      const counts =
        `${first + (await remaining(sources))} lines` +
        ` and ${second + (await remaining(targets))} in ${targetPath}`;
      throw new FormatError(sourcePath, `the two files must have as many lines; got ${counts}`);
    }
    const { text, line } = source.value;
    yield { row: { source: text, target: target.value.text }, line };
  }
}

async function remaining(lines: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of lines) count += 1;
  return count;
}
