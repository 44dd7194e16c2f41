/**
 * @file Which part of a conversation the assistant says, by comparing renderings. Message i says what it adds to the prompt for it:
 *
 *   render(messages[0 .. i-1], with generation prompt) ++ said by i = render(messages[0 .. i])
 *
 * What others say begins where the messages before it end: render(messages[0 .. i-1]) ++ said by i = render(messages[0 .. i]).
 *
 * Some templates write a turn otherwise once others follow it: the newest ones leave out what was thought. The conversation is then
 * several texts, each with the answers that stand in it as they do when they are given.
 *
 * A beginning is kept as what it shares with the whole and what follows that, so that comparing two costs what they do not share.
 */

import { option, UsageError } from "../../errors.ts";
import type { Beginning } from "../jinja/template.ts";
import type { ChatMessage } from "./message.ts";

/** From a start up to an end, in UTF-16 units of a text or in tokens. */
export type Range = readonly [start: number, end: number];

export interface RenderedTurns {
  readonly text: string;
  /** What is learned of it, what the assistant says if nothing else is asked for, with what ends its turns. */
  readonly assistant: readonly Range[];
}

/** A conversation as a template writes it. */
export interface Renderings {
  /** The whole. */
  readonly text: string;
  /** The first `count` messages. */
  beginning(count: number, addGenerationPrompt: boolean): Beginning;
  /** Other messages. */
  render(messages: readonly ChatMessage[], addGenerationPrompt: boolean): string;
}

/**
 * A conversation as one text, or as several where the template rewrites earlier turns.
 *
 * @param isLearned - of messages by their index
 * @throws {UsageError} if an answer is not written as the prompt for it is, or lacks what was thought.
 */
export function comparedTurns(
  messages: readonly ChatMessage[],
  renderings: Renderings,
  isLearned: (index: number) => boolean,
): readonly RenderedTurns[] {
  const { text } = renderings;
  const found: { end: Beginning; readonly assistant: Range[] }[] = [];
  for (const [i, message] of messages.entries()) {
    if (!isLearned(i)) continue;
    const isAnswer = message.role === "assistant";
    const turn = renderings.beginning(i + 1, false);
    const prompt = isAnswer ? promptFor(renderings, i) : before(renderings, i);
    const [asked, answered] = apart(text, prompt, turn);
    if (isAnswer) checkThought(message, answered, i);
    if (!beginsWith(answered, asked)) {
      throw isAnswer ? unlike(asked, answered, i) : interwoven(message, i);
    }
    const range: Range = [lengthOf(prompt), lengthOf(turn)];
    const last = found.at(-1);
    if (last !== undefined && continues(text, last.end, turn)) {
      last.end = turn;
      last.assistant.push(range);
    } else {
      found.push({ end: turn, assistant: [range] });
    }
  }
  if (found.length === 0) return [{ text, assistant: [] }];
  const whole: Beginning = { shared: text.length, rest: "" };
  return found.map(({ end: { shared, rest }, assistant }, i) => {
    const isWhole = i === found.length - 1 && continues(text, { shared, rest }, whole);
    return { text: isWhole ? text : text.slice(0, shared) + rest, assistant };
  });
}

const lengthOf = ({ shared, rest }: Beginning): number => shared + rest.length;

/** Two beginnings of a text without what they share as beginnings of it. */
function apart(text: string, a: Beginning, b: Beginning): readonly [a: string, b: string] {
  const shared = Math.min(a.shared, b.shared);
  return [text.slice(shared, a.shared) + a.rest, text.slice(shared, b.shared) + b.rest];
}

/** Whether `b` begins with all of `a`. */
function continues(text: string, a: Beginning, b: Beginning): boolean {
  const [before, after] = apart(text, a, b);
  return beginsWith(after, before);
}

/** As startsWith, which compares long texts a hundred times slower. */
const beginsWith = (text: string, start: string): boolean => text.slice(0, start.length) === start;

const promptFor = (renderings: Renderings, index: number): Beginning =>
  index === 0 ? firstPrompt(renderings) : renderings.beginning(index, true);

const before = ({ beginning }: Renderings, index: number): Beginning =>
  index === 0 ? { shared: 0, rest: "" } : beginning(index, false);

const interwoven = ({ role }: ChatMessage, index: number): UsageError =>
  new UsageError(
    `chat: the template does not write a message after those before it, so that it cannot be learned; got message ${index + 1} of ${role}`,
    { hint: `leave ${role} out of ${option("learnRoles")}` },
  );

/** What makes the assistant speak where nobody spoke before. */
function firstPrompt({ text, beginning, render }: Renderings): Beginning {
  const turn = beginning(1, false);
  const written = text.slice(0, turn.shared) + turn.rest;
  const empty = attempt(() => render([], true));
  if (empty !== undefined && written.startsWith(empty)) return { shared: 0, rest: empty };
  const question = [{ role: "user", content: "?" }];
  const [asked, prompt] = [
    attempt(() => render(question, false)),
    attempt(() => render(question, true)),
  ];
  if (asked !== undefined && prompt?.startsWith(asked) && prompt !== asked) {
    const mark = prompt.slice(asked.length);
    const at = written.indexOf(mark);
    if (at >= 0) return { shared: 0, rest: written.slice(0, at + mark.length) };
  }
  throw new UsageError("chat: the template has no prompt for a first message that is an answer", {
    hint: "begin with a message of the user, or of the system",
  });
}

function attempt(render: () => string): string | undefined {
  try {
    return render();
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

const THOUGHT = /^\s*(?:<think>)?(.*)<\/think>/s;

/** Templates for prompts leave out what an earlier answer thought; some do it in the last one too. */
function checkThought({ content }: ChatMessage, answered: string, index: number): void {
  const thought = THOUGHT.exec(content ?? "")?.[1]?.trim() ?? "";
  if (answered.includes(thought)) return;
  const message = `chat: the template leaves out what stands before </think>, so that it would not be learned; got message ${index + 1}`;
  throw new UsageError(message, {
    hint: `give a template that keeps it with ${option("chatTemplate", "FILE")}, or take it out of the data`,
  });
}

function unlike(asked: string, answered: string, index: number): UsageError {
  let common = 0;
  while (common < asked.length && asked[common] === answered[common]) common += 1;
  const [prompt, answer] = [asked, answered].map((text) => excerptOf(text.slice(common)));
  return new UsageError(
    "chat: the template must write an answer after the prompt for it" +
      `; got a prompt with ${prompt} where message ${index + 1} has ${answer}`,
    {
      hint:
        "put {% generation %} and {% endgeneration %} around the answers in the template" +
        `, or give another one with ${option("chatTemplate", "FILE")}`,
    },
  );
}

const excerptOf = (text: string): string =>
  JSON.stringify(text.length > 30 ? `${text.slice(0, 27)}...` : text);
