/**
 * @file Chat templates: conversations as the text that a model knows them in. A tokenizer's Jinja
 * template is rendered by `@huggingface/jinja`, with the variables that transformers gives it.
 *
 * What the assistant says is what stands between {% generation %} and {% endgeneration %}, where the
 * template has these. Otherwise message i says what it adds to the prompt for it:
 *
 *   render(messages[0 .. i-1], with generation prompt) ++ said by i = render(messages[0 .. i])
 */

import { Template } from "@huggingface/jinja";
import { FormatError, UsageError } from "../../errors.ts";
import { isObject, type Json } from "../../files/json.ts";
import { SPECIAL_TOKENS, specialToken } from "../tokenizers/special-tokens.ts";
import {
  CHAT_TEMPLATE_FILE,
  CONFIG_FILE,
  readConfig,
  type TokenizerFiles,
} from "../tokenizers/tokenizer-files.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";

/** One turn of a conversation. */
export interface ChatMessage {
  /** "system", "user", "assistant", or what else the template knows. */
  readonly role: string;
  readonly content: string;
}

/** Which template is used, and with what. */
export interface ChatTemplateOptions {
  /** Of several templates the one of this name. Default "default". */
  readonly template?: string;
  /** Further variables of the template. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** How a conversation ends. */
export interface RenderOptions {
  /** Whether the text ends with what makes the assistant speak. Default false. */
  readonly addGenerationPrompt?: boolean;
}

/** From a start up to an end, in UTF-16 units of a text or in tokens. */
export type Range = readonly [start: number, end: number];

export interface RenderedTurns {
  readonly text: string;
  /** What the assistant says in it, with what ends its turns. */
  readonly assistant: readonly Range[];
}

export interface ChatTemplate {
  /** @throws {UsageError} if the template refuses the messages, or cannot be run. */
  render(messages: readonly ChatMessage[], options?: RenderOptions): string;
  /** @throws {UsageError} also if a turn is not written alike once others follow it. */
  renderTurns(messages: readonly ChatMessage[]): RenderedTurns;
}

/**
 * The chat template of a tokenizer.
 *
 * @throws {UsageError} if it has none, or none of the name.
 * @throws {FormatError} if the template cannot be read.
 */
export function chatTemplate(
  tokenizer: Tokenizer,
  options: ChatTemplateOptions = {},
): ChatTemplate {
  const config = readConfig(tokenizer.files);
  const source = select(tokenizer, templatesOf(tokenizer.files, config), options.template);
  const file = tokenizer.files.has(CHAT_TEMPLATE_FILE) ? CHAT_TEMPLATE_FILE : CONFIG_FILE;
  const template = parse(file, withMarks(source));
  const variables = {
    tools: null,
    documents: null,
    ...specialTokensOf(config),
    ...options.variables,
  };

  const renderMarked = (
    messages: readonly ChatMessage[],
    { addGenerationPrompt = false }: RenderOptions = {},
  ) => {
    if (messages.length === 0) throw new UsageError("chat: there must be messages; got none");
    try {
      return template.render({
        ...variables,
        messages,
        add_generation_prompt: addGenerationPrompt,
      });
    } catch (cause) {
      const message = `chat: the template cannot render the messages; got ${reasonOf(cause)}`;
      throw new UsageError(message, { cause });
    }
  };
  const render: ChatTemplate["render"] = (messages, shown) =>
    withoutMarks(renderMarked(messages, shown)).text;

  const marksTurns = MARKED.test(source);
  return {
    render,
    renderTurns: (messages) =>
      marksTurns ? withoutMarks(renderMarked(messages)) : compareTurns(messages, render),
  };
}

/** The templates by name. A file of its own comes before the configuration. */
function templatesOf(files: TokenizerFiles, config: Json): ReadonlyMap<string, string> {
  const source = files.get(CHAT_TEMPLATE_FILE) ?? config["chat_template"];
  if (typeof source === "string") return new Map([[DEFAULT, source]]);
  const templates = new Map<string, string>();
  for (const entry of Array.isArray(source) ? source.filter(isObject) : []) {
    const { name, template } = entry;
    if (typeof name === "string" && typeof template === "string") templates.set(name, template);
  }
  return templates;
}

const DEFAULT = "default";

function select(
  tokenizer: Tokenizer,
  templates: ReadonlyMap<string, string>,
  name: string = DEFAULT,
): string {
  const source = templates.get(name);
  if (source !== undefined) return source;
  if (templates.size === 0) {
    throw new UsageError(`chat: the tokenizer has no chat template; got ${tokenizer.name}`, {
      hint: `add "chat_template" to ${CONFIG_FILE}, or a file ${CHAT_TEMPLATE_FILE}`,
    });
  }
  throw new UsageError(`chat: no template of this name; got "${name}"`, {
    hint: `name one of ${[...templates.keys()].join(", ")}`,
  });
}

function parse(file: string, source: string): Template {
  try {
    return new Template(source);
  } catch (cause) {
    const message = `not a chat template that can be read; got ${reasonOf(cause)}`;
    throw new FormatError(file, message, { cause });
  }
}

const reasonOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message : String(cause);

const specialTokensOf = (config: Json): Record<string, string> =>
  Object.fromEntries(
    SPECIAL_TOKENS.flatMap((role) => {
      const token = specialToken(config, role);
      return token === undefined ? [] : [[role, token] as const];
    }),
  );

/** Two code points that are no characters, so that no message has them. */
const START = "\uFDD0";
const END = "\uFDD1";
const MARKED = /\{%-?\s*generation\s*-?%\}/;

/** The template with {% generation %} and its end, which the package ignores, written as marks. */
const withMarks = (source: string): string =>
  source.replaceAll(
    /\{%(-?)\s*(end)?generation\s*(-?)%\}/g,
    (_, left: string, end: string | undefined, right: string) =>
      `{%${left} if true %}${end ? END : START}{% endif ${right}%}`,
  );

function withoutMarks(marked: string): RenderedTurns {
  const assistant: Range[] = [];
  let text = "";
  let start = 0;
  for (const part of marked.split(/([\uFDD0\uFDD1])/)) {
    if (part === START) start = text.length;
    else if (part === END) assistant.push([start, text.length]);
    else text += part;
  }
  return { text, assistant };
}

/** What each turn of the assistant adds to the prompt for it. */
function compareTurns(
  messages: readonly ChatMessage[],
  render: ChatTemplate["render"],
): RenderedTurns {
  const text = render(messages);
  const assistant = messages.flatMap(({ role }, i): Range[] => {
    if (role !== "assistant") return [];
    if (i === 0) throw new UsageError("chat: the first message must be a question; got an answer");
    const prompt = render(messages.slice(0, i), { addGenerationPrompt: true });
    const turn = render(messages.slice(0, i + 1));
    if (!turn.startsWith(prompt) || !text.startsWith(turn)) throw unlike(i);
    return [[prompt.length, turn.length]];
  });
  return { text, assistant };
}

const unlike = (index: number): UsageError =>
  new UsageError(
    "chat: a turn must be written alike in a prompt and in a longer conversation" +
      `; got another text at message ${index + 1}`,
    {
      hint:
        "end every conversation with its first answer, or put {% generation %} and " +
        "{% endgeneration %} around the answers in the template",
    },
  );
