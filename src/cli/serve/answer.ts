/**
 * @file Answers as OpenAI's interface has them: one object, or, streamed, server-sent events (WHATWG HTML, 9.2) of one chunk each, of which the
 * last is [DONE].
 */

import { generateText } from "../../generate/index.ts";
import type { Kind, Question, ServedModel } from "./question.ts";

/** What stands at the head of every part of an answer. */
export interface Heading {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
}

/** Why an answer ends: the model ended it, or it has as many tokens as it may. */
type Ending = "length" | "stop";

interface Form {
  readonly object: string;
  readonly chunk: string;
  readonly prefix: string;
  /** What a choice has of a whole answer. */
  whole(text: string): object;
  /** What a choice has of a piece of one. */
  piece(text: string): object;
  /** Of the first chunk, if there is one before the first piece. */
  readonly opening?: object;
  /** Of the last one. */
  readonly last: object;
}

const FORMS: Readonly<Record<Kind, Form>> = {
  chat: {
    object: "chat.completion",
    chunk: "chat.completion.chunk",
    prefix: "chatcmpl-",
    whole: (content) => ({ message: { role: "assistant", content, refusal: null } }),
    piece: (content) => ({ delta: { content } }),
    opening: { delta: { role: "assistant", content: "" } },
    last: { delta: {} },
  },
  completion: {
    object: "text_completion",
    chunk: "text_completion",
    prefix: "cmpl-",
    whole: (text) => ({ text }),
    piece: (text) => ({ text }),
    last: { text: "" },
  },
};

/** The id of an answer from random bytes. */
export const answerId = (kind: Kind, random: Uint8Array): string =>
  FORMS[kind].prefix + Buffer.from(random).toString("hex");

/** A choice: there is one. */
const choice = (own: object, ending: Ending | null) => ({
  index: 0,
  ...own,
  logprobs: null,
  finish_reason: ending,
});

const usageOf = ({ prompt }: Question, made: number) => ({
  prompt_tokens: prompt.length,
  completion_tokens: made,
  total_tokens: prompt.length + made,
});

/** Of an answer of so many tokens. */
const endingOf = ({ mostTokens }: Question, made: number, stopped: boolean): Ending =>
  made >= mostTokens && !stopped ? "length" : "stop";

/** The whole answer. @throws the signal's reason, when it aborts. */
export async function wholeAnswer(
  kind: Kind,
  { question, served, heading, signal }: Answering,
): Promise<object> {
  const { object, whole } = FORMS[kind];
  let [answer, made, isStopped] = ["", 0, false];
  for await (const { text, tokens, stopped } of piecesOf(question, served, signal)) {
    answer += text;
    made += tokens;
    isStopped = stopped;
  }
  return {
    ...heading,
    object,
    choices: [choice(whole(answer), endingOf(question, made, isStopped))],
    usage: usageOf(question, made),
  };
}

/** The chunks of an answer, as they are made. @throws the signal's reason, when it aborts. */
export async function* answerChunks(
  kind: Kind,
  { question, served, heading, signal }: Answering,
): AsyncGenerator<object, void, undefined> {
  const { chunk: object, piece, opening, last } = FORMS[kind];
  const { tellsUsage } = question.sampling;
  const chunk = (own: object, ending: Ending | null = null) => ({
    ...heading,
    object,
    choices: [choice(own, ending)],
    ...(tellsUsage && { usage: null }),
  });
  if (opening) yield chunk(opening);
  let [made, isStopped] = [0, false];
  for await (const { text, tokens, stopped } of piecesOf(question, served, signal)) {
    made += tokens;
    isStopped = stopped;
    if (text !== "") yield chunk(piece(text));
  }
  yield chunk(last, endingOf(question, made, isStopped));
  if (tellsUsage) yield { ...heading, object, choices: [], usage: usageOf(question, made) };
}

/** What an answer is made of. */
export interface Answering {
  readonly question: Question;
  readonly served: ServedModel;
  readonly heading: Heading;
  readonly signal: AbortSignal;
}

const piecesOf = ({ prompt, options }: Question, { text }: ServedModel, signal: AbortSignal) =>
  generateText(text, [prompt], { ...options, signal });
