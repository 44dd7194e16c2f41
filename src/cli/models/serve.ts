/** @file `flora serve`: a model behind OpenAI's interface, for programs that speak it. */

import { UsageError } from "../../errors.ts";
import type { OptionTable } from "../../options/tables/option.ts";
import type { Chat, Tokenizer } from "../../text/index.ts";
import { withAnswerEnd } from "../arguments/generation-options.ts";
import type { CommandHelp } from "../arguments/help.ts";
import { modelNames, modelOptions, runtimeOptions } from "../arguments/model-options.ts";
import { parseOptions } from "../arguments/options.ts";
import { openTextModel } from "../inputs/text-model.ts";
import type { ModelServer } from "../serve/server.ts";
import { onInterrupt } from "../terminal/interrupt.ts";
import { standardError, standardOutput } from "../terminal/terminal.ts";

const OWN: OptionTable = {
  host: {
    kind: "text",
    default: "127.0.0.1",
    help: "the address to listen on; one that others reach needs a key",
  },
  port: {
    kind: "integer",
    min: 0,
    max: 65_535,
    default: 8080,
    help: "where it is served; 0 for any that is free",
  },
  apiKey: { kind: "text", help: "what requests have to show, as Authorization: Bearer KEY" },
  maxTokens: {
    kind: "integer",
    above: 0,
    default: 1024,
    help: "the most tokens of an answer, and how many it has where nobody says",
  },
  parallel: { kind: "integer", above: 0, max: 64, default: 1, help: "answers made at a time" },
  queue: {
    kind: "integer",
    min: 0,
    max: 10_000,
    default: 16,
    help: "requests that wait; further ones are sent away with the status 429",
  },
};

export const help: CommandHelp = {
  usage: "serve --model DIR [--adapter DIR] [--port N]",
  summary: "answer programs that speak OpenAI's interface",
  details: [
    "Serves POST /v1/chat/completions and /v1/completions, streamed or whole, and GET /v1/models. Requests may have temperature, top_p, " +
      "seed, stop, max_tokens or max_completion_tokens, stream and stream_options; what they leave out is as the model's " +
      "generation_config.json has it. Other parameters are refused by their names, unless they change nothing.",
    "Ctrl-C or SIGTERM ends it: answers that are being made have five seconds, and a second one ends them at once.",
  ],
  options: { ...modelOptions, ...OWN, ...runtimeOptions },
  examples: [
    "flora serve --model runs/assistant",
    "flora serve --adapter runs/lora --port 8000 --max-tokens 256",
    'flora serve --model HuggingFaceTB/SmolLM2-135M-Instruct --host 0.0.0.0 --api-key "$FLORA_API_KEY"',
  ],
};

/** What answers may still take when the command is to end. */
const GRACE_MS = 5000;

/** Runs the command; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  const options = parseOptions(words, help.options ?? {});
  const given = modelNames(options, help);
  const host = options.text("host") ?? "127.0.0.1";
  const apiKey = options.text("apiKey");
  const { checkKey, serveModel } = await import("../serve/server.ts");
  checkKey({ host, apiKey });
  const { text, settings } = await openTextModel(options, given);
  const name = (given.adapter ?? given.directory ?? "").replace(/\/+$/, "");
  try {
    const template = await chatOf(text.tokenizer);
    const server = await serveModel(
      {
        name,
        text,
        settings,
        chat: template && { template, settings: withAnswerEnd(settings, template) },
        mostTokens: options.number("maxTokens") ?? 1024,
      },
      {
        host,
        port: options.number("port") ?? 0,
        apiKey,
        running: options.number("parallel") ?? 1,
        waiting: options.number("queue") ?? 0,
        report: (error) => standardError().write(`flora: ${String(error)}\n`),
      },
    );
    standardOutput().write(
      `${name} at ${server.address}; ${exampleOf(server, { hasKey: apiKey !== undefined, isChat: template !== undefined })}\n`,
    );
    await stopped(server);
  } finally {
    await text.decoder.release();
  }
  return 0;
}

/** The chat of a model; undefined if it has no template. @throws {FormatError} if it has one that cannot be read. */
async function chatOf(tokenizer: Tokenizer): Promise<Chat | undefined> {
  const { createChat } = await import("../../text/index.ts");
  try {
    return createChat(tokenizer);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

/** A request that works, as words of a shell. Logs keep what is printed: the key is a variable in it. */
function exampleOf(
  { address }: Pick<ModelServer, "address">,
  { hasKey, isChat }: { readonly hasKey: boolean; readonly isChat: boolean },
): string {
  const reached = address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
  const [path, body] = isChat
    ? ["chat/completions", { messages: [{ role: "user", content: "Hello?" }] }]
    : ["completions", { prompt: "Hello" }];
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  return [
    `curl ${reached}/${path}`,
    "-H 'Content-Type: application/json'",
    ...(hasKey ? ['-H "Authorization: Bearer $FLORA_API_KEY"'] : []),
    `-d ${quoted(JSON.stringify(body))}`,
  ].join(" ");
}

/** Returns when a signal has ended the server. */
const stopped = (server: ModelServer): Promise<void> =>
  new Promise((resolve, reject) => {
    const stopListening = onInterrupt(() => {
      server.close(GRACE_MS).then(() => {
        stopListening();
        resolve();
      }, reject);
    });
  });
