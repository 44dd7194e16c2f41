/** @file Which GGUF file of a repository is the model: the only one, or the one that is named after a colon. */

import { UsageError } from "../../errors.ts";
import { isGgufModelName } from "../../gguf/find.ts";
import { someOf } from "../sentences.ts";

/** A name of a model, and the part of it that names a file. */
export interface NamedFile {
  readonly name: string;
  readonly file?: string;
}

/** "owner/name:FILE" in two. */
export function splitFile(name: string): NamedFile {
  const at = name.lastIndexOf(":");
  return at < 0 ? { name } : { name: name.slice(0, at), file: name.slice(at + 1) };
}

/**
 * The file of a repository that has its model in GGUF; undefined where it has none.
 *
 * @param wanted - its path, or a part of it that no other has, such as "Q8_0"
 * @throws {UsageError} if there are several, or none is meant.
 */
export function chooseGguf(
  { name, file: wanted }: NamedFile,
  paths: readonly string[],
): string | undefined {
  const models = paths.filter(isGgufModelName);
  const fitting =
    wanted === undefined || models.includes(wanted)
      ? models.filter((path) => wanted === undefined || path === wanted)
      : models.filter((path) => path.toLowerCase().includes(wanted.toLowerCase()));
  const [only, ...others] = fitting;
  if (only === undefined && wanted === undefined) return undefined;
  if (only !== undefined && others.length === 0) return whole(name, only);
  const what = only === undefined ? `no GGUF file is called ${wanted}` : "several GGUF files";
  throw new UsageError(`${name}: ${what}; got ${someOf(only === undefined ? models : fitting)}`, {
    hint: `name one after a colon, ${name}:${models[0] ?? "FILE"}`,
  });
}

/** @throws {UsageError} if a file is a part of one. */
function whole(name: string, path: string): string {
  if (!/-\d+-of-\d+\.gguf$/i.test(path)) return path;
  throw new UsageError(`${name}: ${path} is a part of a model, which is not read`, {
    hint: "fetch all parts, and put them together: llama-gguf-split --merge FIRST-PART model.gguf",
  });
}
