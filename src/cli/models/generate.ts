/**
 * @file `flora generate`: text from a model: of one prompt shown as it is made, of the lines of a
 * file in batches.
 */

import { text as readAll } from "node:stream/consumers";
import { UsageError } from "../../errors.ts";
import type { CompleteTextOptions, TextModel } from "../../generate/index.ts";
import { nodeHost } from "../../host/node.ts";
import { openTextModel } from "../inputs/text-model.ts";
import type { Chat } from "../../text/index.ts";
import type { CommandHelp } from "../arguments/help.ts";
import { INTERRUPTED, onInterrupt } from "../terminal/interrupt.ts";
import { modelNames, modelOptions, runtimeOptions } from "../arguments/model-options.ts";
import {
  generationOptions,
  generationSettings,
  searchOptions,
  speedInWords,
  withAnswerEnd,
} from "../arguments/generation-options.ts";
import { type ParsedOptions, parseOptions, required } from "../arguments/options.ts";
import { createStyle } from "../terminal/style.ts";
import { standardError, standardOutput } from "../terminal/terminal.ts";

export const help: CommandHelp = {
  usage: "generate --model DIR [--adapter DIR] (--prompt TEXT | --chat TEXT | --input FILE)",
  summary: "continue texts with a trained model, or answer them",
  details: [
    "What is not given is as the model's generation_config.json has it: lengths, sampling, beams," +
      " penalties, and the tokens that end a text. What the file does not say: at most 128 tokens, the likeliest ones.",
    "A temperature above 0 samples and more beams than 1 search; each turns off what the file has of the other.",
  ],
  options: {
    ...modelOptions,
    prompt: { kind: "text", help: "the text to continue; - reads standard input" },
    chat: {
      kind: "text",
      help: "a message to answer, in the model's chat template; - reads standard input",
    },
    system: { kind: "text", help: "what the model is told before --chat" },
    input: {
      kind: "text",
      value: "FILE",
      help: "a prompt per line, - for standard input; each becomes a line, with spaces for line breaks",
    },
    prefix: { kind: "text", help: "what stands before every prompt" },
    suffix: { kind: "text", help: "what stands after every prompt" },
    json: { kind: "flag", help: 'write {"prompt", "text"} per line, after a search "score" too' },
    ...generationOptions,
    ...searchOptions,
    ...runtimeOptions,
  },
  examples: [
    "flora generate --model runs/flora --prompt $'Der kleine Hund schläft.\\n'",
    "flora generate --model runs/flora --input de.txt --suffix $'\\n' --beams 4 > en.txt",
    "flora generate --adapter runs/lora --prompt \"Once upon a time\" --stop $'\\n\\n'",
    'flora generate --model HuggingFaceTB/SmolLM2-135M-Instruct --chat "Why is the sky blue?"',
  ],
};

/** Runs the command; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  const options = parseOptions(words, help.options ?? {});
  const named = modelNames(options, help);
  const source = sourceOf(options);
  const { text, settings: usual } = await openTextModel(options, named);
  const controller = new AbortController();
  const chat = source === "chat" ? await chatOf(text.tokenizer) : undefined;
  const defaults = chat ? withAnswerEnd(usual, chat) : usual;
  const settings = {
    ...generationSettings(options, defaults, { searches: true }),
    signal: controller.signal,
  };
  const stopListening = onInterrupt((isFirst) => {
    if (isFirst) controller.abort();
    else process.exit(INTERRUPTED);
  });
  const format = options.flag("json") ? "json" : source === "input" ? "line" : "text";
  try {
    const prompts = await promptsOf(source, options, chat);
    await write(text, prompts, { settings, format });
    return 0;
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    // The terminal's next line is not ours.
    if (format === "text") standardOutput().write("\n");
    return INTERRUPTED;
  } finally {
    stopListening();
    await text.decoder.release();
  }
}

const SOURCES = ["prompt", "chat", "input"] as const;
type Source = (typeof SOURCES)[number];

/** The option that has the prompts. */
function sourceOf(options: ParsedOptions): Source {
  const [source, other] = SOURCES.filter((name) => options.text(name) !== undefined);
  if (source === undefined) required(options, "prompt", help);
  if (other !== undefined) throw new UsageError(`--${other}: not together with --${source}`);
  if (source !== "chat" && options.text("system") !== undefined) {
    throw new UsageError("--system: needs --chat");
  }
  return source ?? "prompt";
}

async function chatOf(tokenizer: TextModel["tokenizer"]): Promise<Chat> {
  const { createChat } = await import("../../text/index.ts");
  return createChat(tokenizer);
}

/** What is to be continued, and how it was given. */
interface Prompt {
  readonly given: string;
  readonly prompt: string | Int32Array;
}

async function promptsOf(
  source: Source,
  options: ParsedOptions,
  chat: Chat | undefined,
): Promise<readonly Prompt[]> {
  const value = options.text(source) ?? "";
  const standardInput = value === "-" ? await readAll(process.stdin) : undefined;
  if (chat) {
    const content = standardInput ?? value;
    const system = options.text("system");
    const told = system === undefined ? [] : [{ role: "system", content: system }];
    const messages = [...told, { role: "user", content }];
    return [{ given: content, prompt: chat.encodePrompt(messages) }];
  }
  const texts =
    source === "prompt" ? [standardInput ?? value] : linesOf(standardInput ?? (await read(value)));
  const [prefix = "", suffix = ""] = [options.text("prefix"), options.text("suffix")];
  return texts.map((given) => ({ given, prompt: prefix + given + suffix }));
}

async function read(path: string): Promise<string> {
  const { readTextFile } = await import("../../data/index.ts");
  return readTextFile(nodeHost().files, path);
}

const linesOf = (text: string): readonly string[] => text.replace(/\r?\n$/, "").split(/\r?\n/);

interface Made {
  readonly prompt: string;
  readonly text: string;
  readonly score?: number;
}

const FORMATS = {
  json: (made: Made): string => JSON.stringify(made),
  line: ({ text }: Made): string => text.replaceAll(/\s*\n\s*/g, " ").trimEnd(),
  text: ({ text }: Made): string => text,
} as const;

/** Batches whose texts are written together, so that texts of similar lengths are made together. */
const BATCHES_WRITTEN_TOGETHER = 4;

async function write(
  model: TextModel,
  prompts: readonly Prompt[],
  options: { readonly settings: CompleteTextOptions; readonly format: keyof typeof FORMATS },
): Promise<void> {
  const { settings, format } = options;
  const { beams = 1, batchSize = 32 } = settings;
  const { completeText, generateText } = await import("../../generate/index.ts");
  const output = standardOutput();
  const textsOf = (some: readonly Prompt[]) => some.map(({ prompt }) => prompt);
  if (format === "text" && beams === 1) {
    const begin = performance.now();
    let made = 0;
    for await (const { text, tokens } of generateText(model, textsOf(prompts), settings)) {
      output.write(text);
      made += tokens;
    }
    output.write("\n");
    if (output.isTerminal) {
      const { dim } = createStyle(output.color);
      standardError().write(`${dim(speedInWords(made, performance.now() - begin))}\n`);
    }
    return;
  }
  const size = BATCHES_WRITTEN_TOGETHER * Math.max(1, Math.floor(batchSize / beams));
  for (let start = 0; start < prompts.length; start += size) {
    const some = prompts.slice(start, start + size);
    const part = { ...settings, firstSequence: start };
    for (const [i, made] of (await completeText(model, textsOf(some), part)).entries()) {
      output.write(`${FORMATS[format]({ prompt: some[i]?.given ?? "", ...made })}\n`);
    }
  }
}
