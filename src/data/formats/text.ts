/** @file Text files: one document each, in as many parts as it is read in. Their lines end in "\n", also where they end in "\r\n". */

import type { Format, OpenRequest, PlacedRow } from "./row.ts";
import { textChunks } from "../bytes/text-chunks.ts";

export const text: Format = {
  extensions: [".txt"],
  kinds: ["texts"],
  open: (request) => ({ name: request.path, ownColumns: ["text"], rows: () => rowsOf(request) }),
};

async function* rowsOf({ files, path }: OpenRequest): AsyncGenerator<PlacedRow, void, undefined> {
  let continues = false;
  /** A "\r" at the end of the part before, which is one with a "\n". */
  let held = "";
  for await (const part of textChunks(files, path)) {
    const whole = held + part;
    held = whole.endsWith("\r") ? "\r" : "";
    const content = whole.slice(0, whole.length - held.length).replaceAll("\r\n", "\n");
    if (content === "") continue;
    yield { row: { text: content }, line: 1, continues };
    continues = true;
  }
  if (held !== "") yield { row: { text: held }, line: 1, continues };
}
