/** @file Whether a path leads to a GGUF file, or to a directory whose model is one. */

import { UsageError } from "../errors.ts";
import type { FileStore } from "../host/host.ts";
import { join } from "../host/path.ts";

/** Whether a file is GGUF by its name. */
const isGgufName = (name: string): boolean => /\.gguf$/i.test(name);

/** The same, but for the projectors of images that stand beside models. */
export const isGgufModelName = (path: string): boolean =>
  isGgufName(path) && !/(?:^|\/)mmproj[^/]*$/i.test(path);

/**
 * The GGUF file that is the model at a path; undefined where there is another one, or none.
 *
 * @throws {UsageError} if there are several.
 */
export async function findGguf(files: FileStore, path: string): Promise<string | undefined> {
  const found = await files.stat(path).catch(() => undefined);
  if (found?.kind === "file") return isGgufName(path) ? path : undefined;
  if (found === undefined) return undefined;
  const names = (await files.list(path)).map(({ name }) => name);
  const isOtherModel = names.some((name) => /\.safetensors(?:\.index\.json)?$/.test(name));
  const models = isOtherModel ? [] : names.filter(isGgufModelName);
  const [first, ...others] = models;
  if (first === undefined || others.length === 0) return first && join(path, first);
  throw new UsageError(`${path}: several GGUF files; got ${models.join(", ")}`, {
    hint: `name one of them, ${join(path, first)}`,
  });
}
