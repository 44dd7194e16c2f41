/**
 * @file `flora chat`: a conversation with a model, whose answers appear as they are made. In a terminal questions are typed; from a pipe
 * each line is one.
 */

import { createInterface, type Interface } from "node:readline/promises";
import type { TextModel, TextOptions } from "../../generate/index.ts";
import type { Chat, ChatMessage } from "../../text/index.ts";
import {
  generationOptions,
  generationSettings,
  speedInWords,
  withAnswerEnd,
} from "../arguments/generation-options.ts";
import type { CommandHelp } from "../arguments/help.ts";
import { modelNames, modelOptions, runtimeOptions } from "../arguments/model-options.ts";
import { parseOptions } from "../arguments/options.ts";
import { openTextModel } from "../inputs/text-model.ts";
import { INTERRUPTED, onInterrupt } from "../terminal/interrupt.ts";
import { createStyle, type Style } from "../terminal/style.ts";
import { standardOutput } from "../terminal/terminal.ts";
import type { Output } from "../terminal/progress.ts";

export const help: CommandHelp = {
  usage: "chat --model DIR [--adapter DIR] [--system TEXT]",
  summary: "talk to a model",
  details: [
    "The model remembers what was said, as far as its context reaches. /new begins anew; an empty line, /exit or Ctrl-D ends." +
      " Ctrl-C ends an answer.",
    "From a pipe each line is a question, and each answer is followed by an empty line.",
  ],
  options: {
    ...modelOptions,
    system: { kind: "text", help: "what the model is told before the first question" },
    ...generationOptions,
    ...runtimeOptions,
  },
  examples: [
    "flora chat --model runs/assistant",
    "flora chat --model HuggingFaceTB/SmolLM2-135M-Instruct --system 'You answer in verse.' --temperature 0.7",
    'echo "Why is the sky blue?" | flora chat --adapter runs/lora',
  ],
};

/** Runs the command; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  const options = parseOptions(words, help.options ?? {});
  const {
    text,
    contextLength,
    settings: usual,
  } = await openTextModel(options, modelNames(options, help));
  try {
    const { createChat } = await import("../../text/index.ts");
    const chat = createChat(text.tokenizer);
    const defaults = withAnswerEnd(usual, chat);
    const settings = generationSettings(options, defaults, { searches: false });
    const talk = { chat, model: text, contextLength, settings, system: options.text("system") };
    return await converse(talk, standardOutput());
  } finally {
    await text.decoder.release();
  }
}

interface Talk {
  readonly chat: Chat;
  readonly model: TextModel;
  readonly contextLength: number;
  readonly settings: TextOptions;
  readonly system: string | undefined;
}

async function converse(talk: Talk, output: Output): Promise<number> {
  const isTyped = process.stdin.isTTY && output.isTerminal;
  const style = createStyle(output.color);
  const lines = createInterface({
    input: process.stdin,
    ...(isTyped && { output: process.stdout }),
    terminal: isTyped,
  });
  const turn: Turn = { answer: undefined, wasInterrupted: false };
  const interrupt = () => {
    if (turn.answer) return turn.answer.abort();
    turn.wasInterrupted = true;
    if (isTyped) output.write("\n");
    lines.close();
  };
  // A typed Ctrl-C comes from the line editor, others as a signal.
  lines.on("SIGINT", interrupt);
  const stopListening = onInterrupt(interrupt);
  if (isTyped) output.write(`${style.dim("/new begins anew, an empty line ends")}\n`);
  const opening: readonly ChatMessage[] =
    talk.system === undefined ? [] : [{ role: "system", content: talk.system }];
  let said = opening;
  try {
    for await (const question of questions(lines, isTyped ? style.bold("> ") : undefined)) {
      if (question === "/new") {
        said = opening;
        continue;
      }
      said = await answered([...said, { role: "user", content: question }], talk, {
        output,
        style,
        turn,
        isTyped,
      });
    }
    return turn.wasInterrupted ? INTERRUPTED : 0;
  } finally {
    stopListening();
    lines.close();
  }
}

interface Turn {
  /** What ends the answer that is being made. */
  answer: AbortController | undefined;
  wasInterrupted: boolean;
}

/** The lines that are asked, until one is empty or says so. */
async function* questions(
  lines: Interface,
  prompt: string | undefined,
): AsyncGenerator<string, void, undefined> {
  if (prompt === undefined) {
    for await (const line of lines) if (line.trim() !== "") yield line.trim();
    return;
  }
  lines.setPrompt(prompt);
  lines.prompt();
  for await (const line of lines) {
    const question = line.trim();
    if (question === "" || question === "/exit") return;
    yield question;
    lines.prompt();
  }
}

interface Stage {
  readonly output: Output;
  readonly style: Style;
  readonly turn: Turn;
  readonly isTyped: boolean;
}

/** Shows the answer; returns what was said with it. */
async function answered(
  messages: readonly ChatMessage[],
  { chat, model, contextLength, settings }: Talk,
  { output, style, turn, isTyped }: Stage,
): Promise<readonly ChatMessage[]> {
  const { generateText } = await import("../../generate/index.ts");
  const remembered = fitting(messages, (some) => chat.encodePrompt(some).length < contextLength);
  if (remembered.length < messages.length) {
    output.write(`${style.dim("(the beginning is forgotten: the context is full)")}\n`);
  }
  const controller = new AbortController();
  turn.answer = controller;
  const begin = performance.now();
  let answer = "";
  let made = 0;
  try {
    const prompt = chat.encodePrompt(remembered);
    const options = { ...settings, signal: controller.signal };
    for await (const { text, tokens } of generateText(model, [prompt], options)) {
      output.write(text);
      answer += text;
      made += tokens;
    }
  } catch (error) {
    if (!controller.signal.aborted) throw error;
  } finally {
    turn.answer = undefined;
  }
  output.write("\n");
  if (isTyped) output.write(`${style.dim(speedInWords(made, performance.now() - begin))}\n`);
  else output.write("\n");
  return [...remembered, { role: "assistant", content: answer.trim() }];
}

/** The messages without the oldest exchanges, as many as do not fit; what the model is told first stays. */
function fitting(
  messages: readonly ChatMessage[],
  fits: (some: readonly ChatMessage[]) => boolean,
): readonly ChatMessage[] {
  const told = messages.filter(({ role }) => role === "system");
  let rest = messages.filter(({ role }) => role !== "system");
  while (rest.length > 1 && !fits([...told, ...rest])) rest = rest.slice(2);
  return [...told, ...rest];
}
