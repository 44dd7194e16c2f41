/** @file What a request asks of the model: a prompt in tokens, and how its continuation is made. */

import { messageOf } from "../../data/examples/messages.ts";
import { UsageError } from "../../errors.ts";
import type { TextModel, TextOptions } from "../../generate/index.ts";
import { encodePrompt } from "../../generate/prompt.ts";
import type { Chat, ChatMessage } from "../../text/index.ts";
import { ApiError } from "./api-error.ts";
import { type Parameters, parametersOf, type Sampling, samplingOf, wrong } from "./parameters.ts";

/** The model that answers. */
export interface ServedModel {
  /** The name that requests call it by. */
  readonly name: string;
  readonly text: TextModel;
  /** What is as it is where a request says nothing. */
  readonly settings: TextOptions;
  /** Undefined if the model has no chat template. */
  readonly chat: { readonly template: Chat; readonly settings: TextOptions } | undefined;
  /** The most tokens of an answer. */
  readonly mostTokens: number;
}

/** What is asked. */
export interface Question {
  readonly prompt: Int32Array;
  readonly options: TextOptions;
  /** The most tokens that there may be, of the limits and of what the context has left. */
  readonly mostTokens: number;
  readonly sampling: Pick<Sampling, "isStreamed" | "tellsUsage">;
}

/** What asks: a conversation, or a text that is to be continued. */
export type Kind = "chat" | "completion";

/** @throws {ApiError} if the body is no such request, or asks for what there is not. */
export function questionOf(kind: Kind, body: unknown, served: ServedModel): Question {
  const own = kind === "chat" ? "messages" : "prompt";
  const given = parametersOf(body, [own]);
  checkName(given.get("model"), served);
  const sampling = samplingOf(given, served.mostTokens);
  const { text } = served;
  const { settings, prompt } =
    kind === "chat"
      ? chatPrompt(given, served)
      : { settings: served.settings, prompt: textPrompt(given.get("prompt"), text) };
  const { maxNewTokens: asked, stopStrings, temperature, topP, seed } = sampling;
  const usual = Math.min(settings.maxNewTokens ?? served.mostTokens, served.mostTokens);
  const mostTokens = Math.min(asked ?? usual, roomFor(prompt, own, text));
  return {
    prompt,
    options: {
      ...settings,
      maxNewTokens: mostTokens,
      stopStrings: [...(settings.stopStrings ?? []), ...stopStrings],
      seed: seed ?? Math.floor(Math.random() * 2 ** 32),
      ...(temperature !== undefined && { temperature }),
      ...(topP !== undefined && { topP }),
    },
    mostTokens,
    sampling,
  };
}

/** @throws {ApiError} if another model is asked for. */
export function checkName(asked: unknown, { name }: Pick<ServedModel, "name">): void {
  if (asked === undefined || asked === name) return;
  if (typeof asked !== "string") throw wrong("model", "a text", asked);
  const message = `model: there is ${name} here alone; got ${asked}`;
  throw new ApiError(404, message, { param: "model", code: "model_not_found" });
}

function chatPrompt(given: Parameters, { chat, name }: ServedModel) {
  if (!chat) {
    throw new ApiError(400, `${name} has no chat template; /v1/completions continues texts`, {
      param: "messages",
      code: "no_chat_template",
    });
  }
  const { template, settings } = chat;
  const list = given.get("messages");
  if (!Array.isArray(list) || list.length === 0) {
    throw wrong("messages", "a list of messages", list ?? null);
  }
  const messages = list.map((message: unknown, i) => {
    const param = `messages[${i}]`;
    const fail = (words: string) => new ApiError(400, `${param} ${words}`, { param });
    return asSystem(messageOf(message, fail));
  });
  try {
    return { settings, prompt: template.encodePrompt(messages) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new ApiError(400, `messages: ${error.message}`, { param: "messages" });
  }
}

/** What OpenAI calls developer is what templates call system. */
const asSystem = (message: ChatMessage): ChatMessage =>
  message.role === "developer" ? { ...message, role: "system" } : message;

function textPrompt(value: unknown, { tokenizer, model }: TextModel): Int32Array {
  const [text, ...others]: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (typeof text !== "string" || others.length > 0) {
    throw wrong("prompt", "one text", value ?? null);
  }
  const prompt = encodePrompt(tokenizer, text, model);
  if (prompt.length > 0) return prompt;
  throw wrong("prompt", "a text with a token at least", text);
}

/** The tokens that the context has left for an answer. @throws {ApiError} if there are none. */
function roomFor(prompt: Int32Array, param: string, { decoder, model }: TextModel): number {
  const { contextLength } = decoder;
  // An encoder reads the prompt, and the answer has a context of its own.
  const room = model.task === "seq2seq" ? contextLength - 1 : contextLength - prompt.length;
  if (room > 0 && prompt.length <= contextLength) return room;
  const message = `${param}: ${prompt.length} tokens leave no room for an answer in a context of ${contextLength}`;
  throw new ApiError(400, message, { param, code: "context_length_exceeded" });
}
