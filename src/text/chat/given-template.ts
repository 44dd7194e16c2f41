/**
 * @file A chat template for a tokenizer that has none, or in place of its own: of a file, or one that stands here. It becomes one of
 * the tokenizer's files, so that it is saved beside the model that learned it.
 */

import { parseObject } from "../../files/json.ts";
import { readText } from "../../host/content.ts";
import type { FileStore } from "../../host/host.ts";
import { option, UsageError } from "../../errors.ts";
import { CHAT_TEMPLATE_FILE, CONFIG_FILE } from "../tokenizers/tokenizer-files.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";

/** Roles in marks of their own, which the tokenizer should have: <|im_start|> and <|im_end|>. */
const CHATML = `{%- for message in messages %}
    {{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
`;

/** Roles in words, and the end of text after an answer: for tokenizers without marks. */
const PLAIN = `{%- for message in messages %}
    {{- message['role'] + ':\\n' + message['content'] }}
    {{- eos_token if message['role'] == 'assistant' }}
    {{- '\\n\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- 'assistant:\\n' }}
{%- endif %}
`;

/** The templates that have a name here. */
export const CHAT_TEMPLATES: Readonly<Record<string, string>> = { chatml: CHATML, plain: PLAIN };

/**
 * The tokenizer with the template of a name or of a file in place of its own.
 *
 * @throws {UsageError} if it is no name and there is no such file.
 */
export async function withChatTemplate(
  store: FileStore,
  tokenizer: Tokenizer,
  nameOrPath: string,
): Promise<Tokenizer> {
  const source = CHAT_TEMPLATES[nameOrPath] ?? (await readTemplate(store, nameOrPath));
  const files = new Map([...tokenizer.files, [CHAT_TEMPLATE_FILE, source]]);
  const config = files.get(CONFIG_FILE);
  if (config !== undefined) {
    // The old one would be read by those who do not know the file.
    const { chat_template: _, ...others } = parseObject(CONFIG_FILE, config);
    files.set(CONFIG_FILE, `${JSON.stringify(others, null, 2)}\n`);
  }
  return { ...tokenizer, files };
}

async function readTemplate(store: FileStore, path: string): Promise<string> {
  const found = await store.stat(path).catch(() => undefined);
  if (found?.kind === "file") return readText(store, path);
  const names = Object.keys(CHAT_TEMPLATES).join(" or ");
  throw new UsageError(`${option("chatTemplate")}: neither a file nor ${names}; got ${path}`);
}
