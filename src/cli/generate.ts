/** @file `flora generate`: text from a model, shown as it is made. */

import { text as readAll } from "node:stream/consumers";
import { fetchModels } from "./fetch.ts";
import type { CommandHelp } from "./help.ts";
import { type ParsedOptions, parseOptions, required } from "./options.ts";
import { stopFilter } from "./stop-text.ts";

export const help: CommandHelp = {
  usage: 'generate --model DIR [--adapter DIR] --prompt "..."',
  summary: "continue a prompt with a trained model",
  options: [
    {
      name: "model",
      value: "DIR",
      description: "a directory that flora or Hugging Face saved, or owner/name on the Hub",
    },
    {
      name: "adapter",
      value: "DIR",
      description:
        "an adapter that flora or peft saved, here or on the Hub; without --model, its base is loaded",
    },
    { name: "prompt", value: "TEXT", description: "the text to continue; - reads standard input" },
    { name: "maxNewTokens", value: "N", description: "the most tokens to make [128]" },
    {
      name: "temperature",
      value: "NUMBER",
      description: "spread of the choice; 0 takes the most likely token [0]",
    },
    { name: "topK", value: "N", description: "choose among so many tokens" },
    {
      name: "topP",
      value: "NUMBER",
      description: "choose among the likeliest tokens of this probability",
    },
    { name: "seed", value: "N", description: "seed of the choice [0]" },
    { name: "stop", value: "TEXT", description: "end before this text" },
    { name: "threads", value: "N", description: "threads of an operator; one per core if absent" },
  ],
  examples: [
    "flora generate --model runs/flora --prompt $'Der kleine Hund schläft.\\n'",
    'flora generate --adapter runs/lora --prompt "Once upon a time"',
    'flora generate --model openai-community/gpt2 --prompt "Once upon a time" --top-k 40',
  ],
};

/** Runs the command; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  const options = parseOptions(words, help.options ?? []);
  const adapter = options.text("adapter");
  const directory =
    adapter === undefined ? required(options, "model", help) : options.text("model");
  const prompt = required(options, "prompt", help);
  const settings = samplingOptions(options);
  const names = await fetchModels({ directory, adapter });
  const { createDecoder, generate, loadModel } = await import("../generate/index.ts");
  const { cpuRuntime } = await import("../runtime/node.ts");
  const threads = options.number("threads");
  const runtime = cpuRuntime(threads === undefined ? {} : { threads });
  const { model, weights, tokenizer } = await loadModel(runtime, names);
  const decoder = createDecoder(model, runtime, weights);
  const { streamDecoder } = await import("../text/index.ts");

  const ids = tokenizer.encodePrompt(prompt === "-" ? await readAll(process.stdin) : prompt);
  const { endOfText } = tokenizer;
  // A model that knows the end of a text begins a new one after it.
  const start = ids.length === 0 && endOfText !== undefined ? Int32Array.of(endOfText) : ids;
  const stream = streamDecoder(tokenizer);
  const filter = stopFilter(options.text("stop"));
  const stopToken = endOfText === undefined ? {} : { stopToken: endOfText };
  for await (const { token } of generate(decoder, [start], { ...settings, ...stopToken })) {
    process.stdout.write(filter.push(stream.push(token)));
    if (filter.stopped) break;
  }
  const rest = filter.stopped ? "" : filter.push(stream.end()) + filter.end();
  process.stdout.write(`${rest}\n`);
  await decoder.release();
  return 0;
}

function samplingOptions(options: ParsedOptions) {
  const topK = options.number("topK");
  const topP = options.number("topP");
  return {
    maxNewTokens: options.number("maxNewTokens") ?? 128,
    temperature: options.number("temperature") ?? 0,
    seed: options.number("seed") ?? 0,
    ...(topK !== undefined && { topK }),
    ...(topP !== undefined && { topP }),
  };
}
