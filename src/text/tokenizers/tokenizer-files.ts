/** @file The files of a tokenizer in a directory, and what to do where the one that counts is missing. */

import { UsageError } from "../../errors.ts";
import { type Json, parseObject } from "../../files/json.ts";
import { exists, readText } from "../../host/content.ts";
import type { FileStore } from "../../host/host.ts";
import { basename, dirname, join } from "../../host/path.ts";
import { openGguf } from "../../gguf/gguf-file.ts";
import { metadataOf } from "../../gguf/metadata.ts";
import { findGguf } from "../../gguf/find.ts";
import { tokenizerFilesOf } from "../../gguf/tokenizers/tokenizer.ts";

export const TOKENIZER_FILE = "tokenizer.json";
export const CONFIG_FILE = "tokenizer_config.json";
export const CHAT_TEMPLATE_FILE = "chat_template.jinja";
/** Where further templates stand, each under its name. */
export const CHAT_TEMPLATE_FOLDER = "additional_chat_templates";
const TEMPLATE_ENDING = ".jinja";
const SPECIAL_TOKENS_FILE = "special_tokens_map.json";
const COMPANION_FILES = [CONFIG_FILE, SPECIAL_TOKENS_FILE, CHAT_TEMPLATE_FILE];

/** Files that hold a tokenizer in another form, and what transformers needs to read them. */
const OTHER_FORMS = [
  { names: ["vocab.json", "merges.txt"], packages: "" },
  { names: ["spiece.model"], packages: " sentencepiece protobuf" },
  { names: ["tokenizer.model"], packages: " sentencepiece protobuf" },
  { names: ["sentencepiece.bpe.model"], packages: " sentencepiece protobuf" },
  { names: ["vocab.txt"], packages: "" },
] as const;

/** The files of one tokenizer, content by path in its directory. */
export type TokenizerFiles = ReadonlyMap<string, string>;

export interface FoundTokenizer {
  /** Of its tokenizer.json, or of the GGUF file that it is in. */
  readonly path: string;
  readonly files: TokenizerFiles;
}

/**
 * The tokenizer.json that `path` names or holds, with the files beside it; or what a GGUF file has in their place.
 *
 * @throws {UsageError} if there is none; the hint says how to make it from another form.
 */
export async function findTokenizer(store: FileStore, path: string): Promise<FoundTokenizer> {
  const gguf = await findGguf(store, path);
  if (gguf !== undefined) return { path: gguf, files: await ggufTokenizer(store, gguf) };
  const file = await locate(store, path);
  const files = new Map([[TOKENIZER_FILE, await readText(store, file)]]);
  for (const name of COMPANION_FILES) {
    const companion = join(dirname(file), name);
    if (await exists(store, companion)) files.set(name, await readText(store, companion));
  }
  for (const template of await furtherTemplates(store, dirname(file))) {
    files.set(template, await readText(store, join(dirname(file), template)));
  }
  return { path: file, files };
}

async function ggufTokenizer(store: FileStore, path: string): Promise<TokenizerFiles> {
  const file = await openGguf(store, path);
  await file.close();
  return tokenizerFilesOf(metadataOf(path, file.metadata));
}

/** The paths, in a directory, of the templates beside the usual one. */
export async function furtherTemplates(
  store: FileStore,
  directory: string,
): Promise<readonly string[]> {
  const folder = join(directory, CHAT_TEMPLATE_FOLDER);
  if ((await store.stat(folder))?.kind !== "directory") return [];
  return (await store.list(folder))
    .filter(({ name, kind }) => kind === "file" && name.endsWith(TEMPLATE_ENDING))
    .map(({ name }) => `${CHAT_TEMPLATE_FOLDER}/${name}`);
}

/** The templates of files that have one each, by name. */
export const templatesInFiles = (files: TokenizerFiles): ReadonlyMap<string, string> =>
  new Map(
    [...files].flatMap(([path, content]) => {
      if (path === CHAT_TEMPLATE_FILE) return [[DEFAULT_TEMPLATE, content] as const];
      const isFurther = path.startsWith(`${CHAT_TEMPLATE_FOLDER}/`);
      return isFurther
        ? [[basename(path).slice(0, -TEMPLATE_ENDING.length), content] as const]
        : [];
    }),
  );

/** The name of the template that is meant where none is named. */
export const DEFAULT_TEMPLATE = "default";

/**
 * What the files beside tokenizer.json say about it.
 *
 * @throws {FormatError} if one is not JSON; `folder` is where they lie, for the message.
 */
export function readConfig(files: TokenizerFiles, folder = ""): Json {
  const contents = [SPECIAL_TOKENS_FILE, CONFIG_FILE].map((name) => {
    const content = files.get(name);
    return content === undefined ? {} : parseObject(join(folder, name), content);
  });
  return Object.assign({}, ...contents);
}

async function locate(store: FileStore, path: string): Promise<string> {
  const found = await store.stat(path).catch(() => undefined);
  if (found === undefined) {
    throw new UsageError(`tokenizer: no such file or directory; got ${path}`);
  }
  const isOtherForm = OTHER_FORMS.some(({ names }) =>
    names.some((name) => name === basename(path)),
  );
  if (found.kind === "file" && !isOtherForm) return path;

  const folder = found.kind === "file" ? dirname(path) : path;
  const file = join(folder, TOKENIZER_FILE);
  if (found.kind === "directory" && (await exists(store, file))) return file;
  throw await missing(store, folder);
}

async function missing(store: FileStore, folder: string): Promise<UsageError> {
  for (const { names, packages } of OTHER_FORMS) {
    const present = await Promise.all(names.map((name) => exists(store, join(folder, name))));
    if (!present.every(Boolean)) continue;
    const message = `tokenizer: ${TOKENIZER_FILE} is missing; got only ${names.join(" and ")}`;
    return new UsageError(`${message} in ${folder}`, {
      hint:
        `write it with Python, after pip install transformers${packages}: ` +
        `from transformers import AutoTokenizer; d = "${folder}"; ` +
        "AutoTokenizer.from_pretrained(d).save_pretrained(d)",
    });
  }
  return new UsageError(`tokenizer: ${TOKENIZER_FILE} is missing; got the directory ${folder}`, {
    hint: `give the ${TOKENIZER_FILE} of the model, or the directory that has it`,
  });
}
