/**
 * @file `flora train`: a run, followed in the terminal and in a log, that signals end in good
 * order.
 */

import { UsageError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import { nodeHost } from "../../host/node.ts";
import { parseConfig, type TrainConfig } from "../../options/config.ts";
import type { EndEvent, TrainEvent } from "../../runs/events.ts";
import { createConsole, type RunConsole } from "../reports/console.ts";
import { withEarlierRun } from "../inputs/earlier-run.ts";
import { fetchInputs } from "../inputs/fetch-run.ts";
import { type JoinedRanks, joinRanks } from "../inputs/ranks.ts";
import { runContext } from "../inputs/run-context.ts";
import type { CommandHelp } from "../arguments/help.ts";
import { INTERRUPTED, onInterrupt } from "../terminal/interrupt.ts";
import { launchWatch } from "../terminal/launch.ts";
import { logged } from "../../runs/logged.ts";
import { tracked } from "../../runs/trackers/tracked.ts";
import { readRunOptions, type RunWords } from "../arguments/run-config.ts";
import { errorText } from "../terminal/error-text.ts";
import { programName, standardOutput } from "../terminal/terminal.ts";

export const help: CommandHelp = {
  usage: "train [config.yaml] [--option value ...]",
  summary: "train a model, and save it as a Hugging Face directory",
  details: [
    "Without options, a small GPT-2 learns to translate sentences of a built-in German-English grammar.",
    "Every option can stand in the YAML file too, under the same name; the command line wins.",
    "--find-lr takes about a hundred steps at rates that grow, writes nothing, shows the loss over them, and proposes a rate: a tenth of where the loss was lowest.",
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

const LOST = 1;

const EXIT_CODES: Readonly<Record<EndEvent["reason"], number>> = {
  finished: 0,
  "out of time": 0,
  "no better": 0,
  diverged: LOST,
  "not a number": LOST,
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
  const ranks = own.flag("findLr") ? undefined : await joinRanks();
  try {
    return await runRank(options, { dataset, own, words, ranks });
  } catch (error) {
    throw ranks ? await ofRank(ranks, error) : error;
  }
}

interface Called extends Pick<RunWords, "dataset" | "own"> {
  readonly words: readonly string[];
  readonly ranks: JoinedRanks | undefined;
}

async function runRank(
  options: RunWords["options"],
  { dataset, own, words, ranks }: Called,
): Promise<number> {
  const isFirst = ranks === undefined || ranks.rank === 0;
  // The others find in the cache what the first one has fetched.
  if (!isFirst) ranks.gather([]);
  const config = parseConfig(await fetchInputs(options, dataset));
  if (isFirst) ranks?.gather([]);
  const called = { program: programName(), words };
  const context = await runContext(config, ranks);
  if (own.flag("findLr")) {
    const { findRate } = await import("./find-rate.ts");
    return findRate(config, context, { ...called, output: standardOutput() });
  }
  if (own.flag("watch") && isFirst) {
    standardOutput().write(`${await launchWatch(config.output)}\n`);
  }
  const { trainEvents } = await import("../../train/events.ts");
  const output = standardOutput();
  const console = createConsole(isFirst ? output : { ...output, ...SILENT }, called);
  const exitCode = await follow(
    config,
    (complete, { signal }) => trainEvents(complete, { ...context, signal }),
    { console, tells: isFirst },
  );
  // Where a run is lost, the others may wait for a step that does not come.
  if (!isFirst || exitCode !== LOST) ranks?.leave();
  return exitCode;
}

/** What other ranks than the first one say. */
const SILENT = { write: () => undefined, isTerminal: false };

/** Long enough for whoever started the ranks to end them, where the first one has the same to say. */
const SAYS_AFTER_MS = 2000;

async function ofRank({ rank }: JoinedRanks, error: unknown): Promise<unknown> {
  if (rank === 0) return error;
  await nodeHost().clock.wait(SAYS_AFTER_MS);
  const text = errorText(error);
  return text === undefined ? error : new UsageError(`rank ${rank}: ${text}`);
}

/** Follows a run to its end, and tells its log and its trackers; returns the exit code. */
export async function follow(
  config: TrainConfig,
  train: Train,
  { console, tells = true }: { readonly console: RunConsole; readonly tells?: boolean },
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
    for await (const event of tells ? logged(host, tracked(host, told)) : told) {
      console.show(event);
      if (event.type === "end") exitCode = EXIT_CODES[event.reason];
    }
  } finally {
    stopListening();
    console.close();
  }
  return exitCode;
}
