/** @file Text files: one document each, in as many parts as it is read in. */

import type { Format, OpenRequest, PlacedRow } from "./row.ts";
import { textChunks } from "./text-chunks.ts";

export const text: Format = {
  extensions: [".txt"],
  kinds: ["texts"],
  open: (request) => ({ name: request.path, ownColumns: ["text"], rows: () => rowsOf(request) }),
};

async function* rowsOf({ files, path }: OpenRequest): AsyncGenerator<PlacedRow, void, undefined> {
  let continues = false;
  for await (const part of textChunks(files, path)) {
    yield { row: { text: part }, line: 1, continues };
    continues = true;
  }
}
