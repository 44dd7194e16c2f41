/**
 * @file A message of a conversation, as templates know it, from the forms that data have: OpenAI's `role` and `content`, ShareGPT's
 * `from` and `value`. All other fields stay what they are, since a template may read any of them.
 */

import { isObject, type Json } from "../../files/json.ts";
import type { ChatMessage } from "../../text/chat/message.ts";
import { typeInWords } from "./cells.ts";

/** An error about a message. */
export type Fail = (message: string) => Error;

/** Names of roles that no template knows. */
const ROLES: Readonly<Record<string, string>> = {
  ai: "assistant",
  bard: "assistant",
  bing: "assistant",
  bot: "assistant",
  chatgpt: "assistant",
  gpt: "assistant",
  human: "user",
};

/** Those that mean it where ShareGPT's `from` has them. */
const SENDERS: Readonly<Record<string, string>> = {
  ...ROLES,
  function_call: "assistant",
  function_response: "tool",
  input: "user",
  model: "assistant",
  observation: "tool",
  output: "assistant",
};

/** Fields that say something beside the content, or instead of it. */
const SPEAKING = ["function_call", "reasoning", "reasoning_content", "thinking", "tool_calls"];

/**
 * The message that a value is.
 *
 * @throws what `fail` makes, if it is none.
 */
export function messageOf(value: unknown, fail: Fail): ChatMessage {
  if (!isObject(value)) {
    throw fail(`must have "role" and "content"; got ${typeInWords(value)}`);
  }
  const message = Object.hasOwn(value, "role") ? withContent(value) : fromSender(value, fail);
  const { role, content, tool_calls: calls } = message;
  if (typeof role !== "string") throw fail(`must have "role", a string; got ${typeInWords(role)}`);
  checkSpeaks(message, fail);
  // A field keeps its place, which templates see that write a message as JSON.
  return {
    ...message,
    role: ROLES[role] ?? role,
    ...(content === undefined ? {} : { content: textOf(content, fail) }),
    ...(calls === undefined ? {} : { tool_calls: toolCallsOf(calls) }),
  };
}

/** What is said, where it is not called content. */
const CONTENTS = ["value", "text"] as const;

function withContent(message: Json): Json {
  const field = CONTENTS.find((name) => typeof message[name] === "string");
  if (Object.hasOwn(message, "content") || field === undefined) return message;
  const { role, [field]: content, ...others } = message;
  return { role, content, ...others };
}

function fromSender(message: Json, fail: Fail): Json {
  const field = Object.hasOwn(message, "from") ? "from" : "speaker";
  const { [field]: from, ...said } = message;
  if (typeof from !== "string") throw fail(`must have "role", a string; got ${typeInWords(from)}`);
  const role = SENDERS[from] ?? from;
  if (from !== "function_call") return withContent({ role, ...said });
  const { value, ...others } = said;
  const call = typeof value === "string" ? jsonIn(value) : value;
  if (!isObject(call)) throw fail('"function_call" must be JSON; got a text');
  return { role, content: "", ...others, tool_calls: [{ type: "function", function: call }] };
}

/** Parts of text as one text: templates that know parts write them one after another, the others know texts alone. */
function textOf(content: unknown, fail: Fail): string | null {
  if (typeof content === "string" || content === null) return content;
  if (!Array.isArray(content)) {
    throw fail(`must have "content", a string or a list of parts; got ${typeInWords(content)}`);
  }
  const parts = content.map((part: unknown) => {
    const text = isObject(part) && (part["type"] ?? "text") === "text" ? part["text"] : part;
    if (typeof text === "string") return text;
    const type = isObject(part) ? JSON.stringify(part["type"] ?? null) : typeInWords(part);
    throw fail(`may have parts of text alone; got one of type ${type}`);
  });
  return parts.join("");
}

/** OpenAI writes arguments as JSON in a string, which templates would write as a string in JSON. */
function toolCallsOf(calls: unknown): unknown {
  const list = typeof calls === "string" ? (jsonIn(calls) ?? calls) : calls;
  if (!Array.isArray(list)) return list;
  return list.map((call: unknown) => {
    if (!isObject(call)) return call;
    const { function: called } = call;
    return isObject(called) ? { ...call, function: withArguments(called) } : withArguments(call);
  });
}

function withArguments(called: Json): Json {
  const { arguments: text } = called;
  const value = typeof text === "string" ? jsonIn(text) : undefined;
  return isObject(value) ? { ...called, arguments: value } : called;
}

/** What a text holds as JSON, if it is an object or a list. */
export function jsonIn(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

/** A message may stand without content where it says something else. */
function checkSpeaks(message: Json, fail: Fail): void {
  const { content } = message;
  if (content !== undefined && content !== null) return;
  const speaks = (value: unknown) => (Array.isArray(value) ? value.length > 0 : Boolean(value));
  if (SPEAKING.some((field) => speaks(message[field]))) return;
  throw fail(`must have "content"; got ${typeInWords(content)}`);
}
