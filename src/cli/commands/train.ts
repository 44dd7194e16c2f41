/**
 * @file `flora train`: a run, followed in the terminal and in a log, that signals end in good
 * order.
 */

import type { Host } from "../../host/host.ts";
import { nodeHost } from "../../host/node.ts";
import { parseConfig, type TrainConfig } from "../../options/config.ts";
import type { EndEvent, TrainEvent } from "../../runs/events.ts";
import { createConsole, type RunConsole } from "../reports/console.ts";
import { withEarlierRun } from "../inputs/earlier-run.ts";
import { fetchInputs } from "../inputs/fetch.ts";
import { runContext } from "../inputs/run-context.ts";
import type { CommandHelp } from "../arguments/help.ts";
import { INTERRUPTED, onInterrupt } from "../terminal/interrupt.ts";
import { launchWatch } from "../terminal/launch.ts";
import { logged } from "../../runs/logged.ts";
import { tracked } from "../../runs/trackers/tracked.ts";
import { readRunOptions } from "../arguments/run-config.ts";
import { programName, standardOutput } from "../terminal/terminal.ts";

export const help: CommandHelp = {
  usage: "train [config.yaml] [--option value ...]",
  summary: "train a model, and save it as a Hugging Face directory",
  details: [
    "Without options, a small GPT-2 learns to translate sentences of a built-in German-English grammar.",
    "Every option can stand in the YAML file too, under the same name; the command line wins.",
    "--find-lr takes about a hundred steps at rates that grow, writes nothing, shows the loss over them, and proposes a rate: a tenth of where the loss was lowest.",
    "--low-memory (Linux) gives freed memory back at once: less is resident, and it takes longer.",
  ],
  options: {
    watch: { kind: "flag", default: false, help: "show the run in a browser too, as flora watch" },
    findLr: { kind: "flag", default: false, help: "find a learning rate, instead of training" },
  },
  takesRun: true,
  examples: [
    "flora train",
    "flora train --train de.txt,en.txt --epochs 3 --output runs/translator",
    "flora train --train book.txt --model openai-community/gpt2 --rank 32 --micro-steps 8",
    "flora train --train 'chats/*.parquet' --holdout 0.01 --model HuggingFaceTB/SmolLM2-135M-Instruct",
    "flora train --train book.txt --model gpt2/ --method lora --targets c_attn --output runs/lora",
    "flora train --task classify --train reviews.tsv --model google-bert/bert-base-uncased",
    "flora train --from runs/translator --train more.jsonl --epochs 1 --output runs/more",
    "flora train --train book.txt --watch --output runs/book",
    "flora train --train book.txt --find-lr",
    "flora train config.yaml --model.n_layer 6 --recompute cheap",
  ],
};

const EXIT_CODES: Readonly<Record<EndEvent["reason"], number>> = {
  finished: 0,
  "out of time": 0,
  "no better": 0,
  diverged: 1,
  "not a number": 1,
  interrupted: INTERRUPTED,
};

type Train = (
  config: TrainConfig,
  options: { readonly host: Host; readonly signal: AbortSignal },
) => AsyncIterable<TrainEvent>;

/** Runs the command; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  const { options: given, dataset, own } = await readRunOptions(words, help.options);
  const options = await withEarlierRun(given);
  const config = parseConfig(await fetchInputs(options, dataset));
  const called = { program: programName(), words };
  const context = await runContext(config);
  if (own.flag("findLr")) {
    const { findRate } = await import("./find-rate.ts");
    return findRate(config, context, { ...called, output: standardOutput() });
  }
  if (own.flag("watch")) {
    standardOutput().write(`${await launchWatch(config.output)}\n`);
  }
  const { trainEvents } = await import("../../train/events.ts");
  const console = createConsole(standardOutput(), called);
  return follow(
    config,
    (complete, { signal }) => trainEvents(complete, { ...context, signal }),
    console,
  );
}

/** Follows a run to its end; returns the exit code. */
export async function follow(
  config: TrainConfig,
  train: Train,
  console: RunConsole,
): Promise<number> {
  const controller = new AbortController();
  const host = nodeHost();
  const stopListening = onInterrupt((isFirst) => {
    if (isFirst) {
      console.note("finishing the micro-step and saving; Ctrl-C again ends at once");
      controller.abort();
    } else {
      console.close();
      process.exit(EXIT_CODES.interrupted);
    }
  });
  let exitCode = 1;
  try {
    const told = train(config, { host, signal: controller.signal });
    for await (const event of logged(host, tracked(host, told))) {
      console.show(event);
      if (event.type === "end") exitCode = EXIT_CODES[event.reason];
    }
  } finally {
    stopListening();
    console.close();
  }
  return exitCode;
}
