/**
 * @file Chat templates: conversations as the text that a model knows them in. A tokenizer's Jinja
 * template is rendered with the variables that transformers gives it.
 *
 * What the assistant says is what stands between {% generation %} and {% endgeneration %}, where the
 * template has these. Otherwise renderings are compared (turns.ts).
 */

import { FormatError, option, UsageError } from "../../errors.ts";
import { isObject, type Json } from "../../files/json.ts";
import { SPECIAL_TOKENS, specialToken } from "../tokenizers/special-tokens.ts";
import {
  CHAT_TEMPLATE_FILE,
  CONFIG_FILE,
  DEFAULT_TEMPLATE,
  readConfig,
  templatesInFiles,
  type TokenizerFiles,
} from "../tokenizers/tokenizer-files.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { END, START } from "../jinja/run.ts";
import { createTemplate, type Template } from "../jinja/template.ts";
import { type ChatMessage, forTemplate } from "./message.ts";
import { comparedTurns, type Range, type RenderedTurns } from "./turns.ts";

/** Which template is used, and with what. */
export interface ChatTemplateOptions {
  /** Of several templates the one of this name. Default "default". */
  readonly template?: string;
  /** Further variables of the template. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** What a conversation has besides its messages. */
export interface ConversationOptions {
  /** Variables of the template, "tools" and "documents" among them. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** How a conversation ends, and what it has besides. */
export interface RenderOptions extends ConversationOptions {
  /** Whether the text ends with what makes the assistant speak. Default false. */
  readonly addGenerationPrompt?: boolean;
}

export interface ChatTemplate {
  /** As it was written. */
  readonly source: string;
  /** Whether it knows of calls of tools; others leave them out. */
  readonly knowsCalls: boolean;
  /** @throws {UsageError} if the template refuses the messages, or cannot be run. */
  render(messages: readonly ChatMessage[], options?: RenderOptions): string;
  /** @throws {UsageError} also if an answer is not written as the prompt for it is. */
  renderTurns(messages: readonly ChatMessage[], options?: TurnOptions): readonly RenderedTurns[];
}

/** Which turns are of interest. */
export interface TurnOptions extends ConversationOptions {
  /** Indices of messages that are not learned, although those say them who are learned. */
  readonly silent?: ReadonlySet<number>;
  /** Whose messages are learned; the assistant's by default. */
  readonly roles?: readonly string[];
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
  const template = parse(file, source);
  const fixed = { ...specialTokensOf(config), ...options.variables };
  const given = (
    messages: readonly ChatMessage[],
    variables: ConversationOptions["variables"] = {},
    addGenerationPrompt = false,
  ) => ({
    tools: null,
    documents: null,
    ...variables,
    ...fixed,
    messages: messages.map(forTemplate),
    add_generation_prompt: addGenerationPrompt,
  });
  const renderMarked = (...values: Parameters<typeof given>) =>
    refusing(() => template.render(given(...values)));

  return {
    source,
    knowsCalls: source.includes("tool_calls"),

    render(messages, { variables, addGenerationPrompt } = {}) {
      checkSome(messages);
      return withoutMarks(renderMarked(messages, variables, addGenerationPrompt)).text;
    },

    renderTurns(messages, { variables, silent = NONE, roles = ASSISTANT } = {}) {
      checkSome(messages);
      if (template.marksTurns) {
        checkMarked(roles);
        const { text, assistant } = withoutMarks(renderMarked(messages, variables));
        return [{ text, assistant: loudTurns(messages, assistant, silent) }];
      }
      const isLearned = (i: number) => roles.includes(messages[i]?.role ?? "") && !silent.has(i);
      const { text, get } = refusing(() =>
        template.renderBeginnings(given(messages, variables), (count, prompt) =>
          isLearned(prompt ? count : count - 1),
        ),
      );
      const render = (some: readonly ChatMessage[], prompt: boolean) =>
        renderMarked(some, variables, prompt);
      const beginning = (count: number, prompt: boolean) => refusing(() => get(count, prompt));
      return comparedTurns(messages, { text, render, beginning }, isLearned);
    },
  };
}

function refusing<T>(render: () => T): T {
  try {
    return render();
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    const message = `chat: the template cannot render the messages; got ${cause.message}`;
    throw new UsageError(message, {
      cause,
      hint: `give another ${option("chatTemplate")}, or messages as this one reads them`,
    });
  }
}

const NONE: ReadonlySet<number> = new Set();
const ASSISTANT: readonly string[] = ["assistant"];

/** @throws {UsageError} if others are to be learned where a template marks answers. */
function checkMarked(roles: readonly string[]): void {
  if (roles.join() === ASSISTANT.join()) return;
  throw new UsageError(
    `${option("learnRoles")}: the template marks what is learned itself, the assistant's; got ${roles.join(", ")}`,
    { hint: `leave ${option("learnRoles")} out, or give another ${option("chatTemplate")}` },
  );
}

function checkSome(messages: readonly ChatMessage[]): void {
  if (messages.length === 0) throw new UsageError("chat: there must be messages; got none");
}

/** Of the marked turns those that are learned. */
function loudTurns(
  messages: readonly ChatMessage[],
  assistant: readonly Range[],
  silent: ReadonlySet<number>,
): readonly Range[] {
  if (silent.size === 0) return assistant;
  const answers = messages.flatMap(({ role }, i) => (role === "assistant" ? [i] : []));
  if (answers.every((i) => silent.has(i))) return [];
  if (answers.length === assistant.length) {
    return assistant.filter((_, turn) => !silent.has(answers[turn] ?? -1));
  }
  const got = `${answers.length} answers, of which it marks ${assistant.length}`;
  throw new UsageError(
    `chat: the template must mark every answer where some are left out; got ${got}`,
  );
}

/** The templates by name. Files of their own come before the configuration. */
/** The chat templates of a tokenizer by name, wherever its files have them. */
export function templatesOf(files: TokenizerFiles, config: Json): ReadonlyMap<string, string> {
  const inFiles = templatesInFiles(files);
  if (inFiles.size > 0) return inFiles;
  const { chat_template: source } = config;
  if (typeof source === "string") return new Map([[DEFAULT_TEMPLATE, source]]);
  const templates = new Map<string, string>();
  for (const entry of Array.isArray(source) ? source.filter(isObject) : []) {
    const { name, template } = entry;
    if (typeof name === "string" && typeof template === "string") templates.set(name, template);
  }
  return templates;
}

function select(
  tokenizer: Tokenizer,
  templates: ReadonlyMap<string, string>,
  name: string = DEFAULT_TEMPLATE,
): string {
  const source = templates.get(name);
  if (source !== undefined) return source;
  if (templates.size === 0) {
    throw new UsageError(`chat: the tokenizer has no chat template; got ${tokenizer.name}`, {
      hint: `name one, ${option("chatTemplate", "chatml")}, or give a file with one`,
    });
  }
  throw new UsageError(`chat: no template of this name; got "${name}"`, {
    hint: `name one of ${[...templates.keys()].join(", ")}`,
  });
}

function parse(file: string, source: string): Template {
  try {
    return createTemplate(source);
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    const message = `not a chat template that can be read; got ${cause.message}`;
    throw new FormatError(file, message, { cause });
  }
}

const specialTokensOf = (config: Json): Record<string, string> =>
  Object.fromEntries(
    SPECIAL_TOKENS.flatMap((role) => {
      const token = specialToken(config, role);
      return token === undefined ? [] : [[role, token] as const];
    }),
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
