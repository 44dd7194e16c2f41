/**
 * @file A chat template for a tokenizer that has none, or in place of its own: of a name, of a file, or as a text. It becomes one of the
 * tokenizer's files, so that it is saved beside the model that learned it, and its marks become special tokens.
 */

import { parseObject } from "../../files/json.ts";
import { readText } from "../../host/content.ts";
import type { FileStore } from "../../host/host.ts";
import { option, UsageError } from "../../errors.ts";
import { withMarks } from "./marks.ts";
import { CHAT_TEMPLATE_FILE, CONFIG_FILE } from "../tokenizers/tokenizer-files.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { BUILT_IN_TEMPLATES, type BuiltInTemplate } from "./built-in-templates.ts";

/**
 * The tokenizer with a template in place of its own; its vocabulary is larger where marks of the template were no tokens.
 *
 * @param given - a name, the path of a file, or a template
 * @throws {UsageError} if it is neither.
 */
export async function withChatTemplate(
  store: FileStore,
  tokenizer: Tokenizer,
  given: string,
): Promise<Tokenizer> {
  const { source, marks } = BUILT_IN_TEMPLATES[given] ?? (await ownTemplate(store, given));
  const files = new Map([...tokenizer.files, [CHAT_TEMPLATE_FILE, source]]);
  const config = files.get(CONFIG_FILE);
  if (config !== undefined) {
    // The old one would be read by those who do not know the file.
    const { chat_template: _, ...others } = parseObject(CONFIG_FILE, config);
    files.set(CONFIG_FILE, `${JSON.stringify(others, null, 2)}\n`);
  }
  return withMarks({ ...tokenizer, files }, marks);
}

async function ownTemplate(store: FileStore, given: string): Promise<BuiltInTemplate> {
  const source = isTemplate(given) ? given : await readTemplate(store, given);
  return { source, marks: [...new Set(source.match(MARK))] };
}

/** What in a template can be nothing but a mark. */
const MARK = /<\|\w+\|>/g;

const isTemplate = (text: string): boolean => /\{[{%]/.test(text);

async function readTemplate(store: FileStore, path: string): Promise<string> {
  const found = await store.stat(path).catch(() => undefined);
  if (found?.kind === "file") return readText(store, path);
  const names = Object.keys(BUILT_IN_TEMPLATES).join(", ");
  throw new UsageError(
    `${option("chatTemplate")}: must be one of ${names}, a file, or a template; got ${path}`,
  );
}
