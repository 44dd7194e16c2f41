/** @file JSON objects from disk. */

import { FormatError } from "../errors.ts";
import { readBytes } from "../host/content.ts";
import { fileError } from "../host/file-error.ts";
import type { FileStore } from "../host/host.ts";
import { describeJson, isObject, type JsonObject } from "./json.ts";
import { refuseLfsPointer } from "./lfs.ts";
import { parseJson } from "./json-parser.ts";

/**
 * The JSON object in a file.
 *
 * @throws {FormatError} with the line as offset, if it is none.
 * @throws {UsageError} if the file cannot be read.
 */
export async function readJsonObject(files: FileStore, path: string): Promise<JsonObject> {
  let bytes: Uint8Array;
  try {
    bytes = await readBytes(files, path);
  } catch (error) {
    throw fileError(path, "cannot read", error);
  }
  refuseLfsPointer(path, bytes);
  const value = parseJson(path, "JSON", decodeUtf8(path, bytes));
  if (isObject(value)) return value;
  throw new FormatError(path, `JSON: must be an object; got ${describeJson(value)}`, { offset: 1 });
}

function decodeUtf8(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FormatError(path, "JSON: not valid UTF-8", { cause });
  }
}
