/** @file `flora init`: looks at the data, asks what cannot be seen, and writes a file of options that says why. */

import { createInterface } from "node:readline/promises";
import { UsageError } from "../../errors.ts";
import { exists, writeFile } from "../../host/content.ts";
import { nodeHost } from "../../host/node.ts";
import { parseConfig } from "../../options/config.ts";
import type { OptionTable } from "../../options/tables/option.ts";
import { METHODS } from "../../options/tables/names.ts";
import type { CommandHelp } from "../arguments/help.ts";
import { parseOptions, type ParsedOptions } from "../arguments/options.ts";
import { quoteWords } from "../arguments/arguments.ts";
import { fetchSettings } from "../inputs/fetch.ts";
import { describeData } from "../inputs/seen-data.ts";
import { type Answers, optionsFile } from "../reports/options-page.ts";
import { programName, standardOutput } from "../terminal/terminal.ts";

const OPTIONS: OptionTable = {
  train: { kind: "text", value: "FILE", help: "training files, or two that are line-aligned" },
  model: {
    kind: "text",
    value: "NAME",
    help: "a directory or a name on the Hub to begin with; none makes a model for the data",
  },
  method: { kind: "choice", choices: METHODS, help: "how it is trained [flora]" },
  epochs: { kind: "number", above: 0, help: "passes over the data [3, or what there is time for]" },
  output: { kind: "text", value: "DIR", help: "where the model goes [runs/mine]" },
  file: { kind: "text", value: "FILE", help: "what is written", default: "flora.yaml" },
  yes: { kind: "flag", help: "ask nothing" },
  overwrite: { kind: "flag", help: "replace the file" },
};

export const help: CommandHelp = {
  usage: "init --train FILE [--model NAME] [--method NAME] [--epochs N] [--output DIR] [--yes]",
  summary: "look at data, ask five questions, and write flora.yaml for flora train",
  options: OPTIONS,
  examples: [
    "flora init",
    "flora init --train chats.jsonl --model HuggingFaceTB/SmolLM2-135M --yes",
  ],
};

/** Runs the command; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  const options = parseOptions(words, OPTIONS);
  const { files } = nodeHost();
  const file = options.text("file") ?? "flora.yaml";
  if (!options.flag("overwrite") && (await exists(files, file))) {
    throw new UsageError(`${file}: is there already`, {
      hint: "--overwrite replaces it, --file NAME writes another",
    });
  }
  const output = standardOutput();
  const answers = await askAll(options, (text) => output.write(`${text}\n`));
  await writeFile(files, file, optionsFile(answers));
  const program = programName();
  const named = file === "flora.yaml" ? file : quoteWords([file]);
  output.write(
    [
      `${named} is written; next:`,
      `  ${program} inspect ${named}   # what is learned of the data`,
      `  ${program} train ${named}`,
      "",
    ].join("\n"),
  );
  return 0;
}

/** The answers, from options where they are given, and otherwise from whoever types. */
async function askAll(options: ParsedOptions, say: (text: string) => void): Promise<Answers> {
  const isAsked = !options.flag("yes") && process.stdin.isTTY;
  const lines = isAsked
    ? createInterface({ input: process.stdin, output: process.stdout })
    : undefined;
  const ask = async (name: string, question: string, usual: string): Promise<string> => {
    const given = options.text(name) ?? options.number(name)?.toString();
    if (given !== undefined || !lines) return given ?? usual;
    const answer = await lines.question(`${question} [${usual || "none"}] `);
    return answer.trim() || usual;
  };
  try {
    const train = await ask("train", "Which file has the training data?", "");
    if (train === "") {
      throw new UsageError("--train: must be given", { hint: `flora ${help.usage}` });
    }
    const data = await describeData(nodeHost(), train);
    say(`${train}: ${data.description}`);
    const model = await ask(
      "model",
      "Which model do you start from (a directory, a Hub name)?",
      "",
    );
    const template = model === "" || !data.isChat ? undefined : await hasTemplate(model);
    if (template === false) say(`${model} has no chat template: chatml will be used`);
    const method = await ask("method", `Which method (${METHODS.join(", ")})?`, "flora");
    const epochs = await ask("epochs", "How many passes over the data?", model === "" ? "" : "3");
    const output = await ask("output", "Where does the model go?", "runs/mine");
    const answers: Answers = { train: data.paths, data, model, template, method, epochs, output };
    check(answers);
    return answers;
  } finally {
    lines?.close();
  }
}

/** Whether a model has a chat template of its own. */
async function hasTemplate(model: string): Promise<boolean> {
  const { model: found } = await fetchSettings(parseConfig({ model, train: "data" }));
  const directory = typeof found === "string" ? found : model;
  const { loadTokenizer, createChat } = await import("../../text/index.ts");
  const tokenizer = await loadTokenizer(nodeHost().files, directory);
  try {
    createChat(tokenizer);
    return true;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

/** @throws {UsageError} if an answer is none that flora train would take. */
function check({ train, model, method, epochs, output }: Answers): void {
  const isMethod = METHODS.find((name) => name === method);
  if (!isMethod) {
    throw new UsageError(`--method: must be one of ${METHODS.join(", ")}; got ${method}`);
  }
  parseConfig({
    train,
    output,
    method: isMethod,
    ...(model !== "" && { model }),
    ...(epochs !== "" && { epochs: Number(epochs) }),
  });
}
