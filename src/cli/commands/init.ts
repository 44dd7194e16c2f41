/** @file `flora init`: looks at the data, asks what cannot be seen, and writes a file of options that says why. */

import { UsageError } from "../../errors.ts";
import { exists, writeFile } from "../../host/content.ts";
import { nodeHost } from "../../host/node.ts";
import { parseConfig } from "../../options/config.ts";
import type { OptionTable } from "../../options/tables/option.ts";
import { METHODS } from "../../options/tables/names.ts";
import type { CommandHelp } from "../arguments/help.ts";
import { parseOptions, type ParsedOptions } from "../arguments/options.ts";
import { quoteWords } from "../arguments/arguments.ts";
import { fetchSettings } from "../inputs/fetch-run.ts";
import { describeData } from "../inputs/seen-data.ts";
import { type Answers, optionsFile } from "../reports/options-page.ts";
import { errorText } from "../terminal/error-text.ts";
import { INTERRUPTED } from "../terminal/interrupt.ts";
import { wrap } from "../terminal/layout.ts";
import { openQuestions } from "../terminal/questions.ts";
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
  const say = (text: string) => output.write(`${text}\n`);
  const answers = await askAll(options, say);
  if (!answers) {
    say("left; nothing is written");
    return INTERRUPTED;
  }
  await writeFile(files, file, optionsFile(answers));
  const program = programName();
  const named = file === "flora.yaml" ? file : quoteWords([file]);
  say(`${named} is written; next:`);
  say(`  ${program} inspect ${named}   # what is learned of the data`);
  say(`  ${program} train ${named}`);
  return 0;
}

interface Question {
  /** The option that answers it. */
  readonly option: "epochs" | "method" | "model" | "output" | "train";
  readonly text: string;
  /** What an empty answer means, and what stands for it. */
  usual(before: Answers): { readonly answer: string; readonly shown?: string };
  /** What follows from an answer. @throws {UsageError | FormatError} if it is none. */
  take(
    answer: string,
    before: Answers,
    say: (text: string) => void,
  ): Partial<Answers> | Promise<Partial<Answers>>;
}

const QUESTIONS: readonly Question[] = [
  {
    option: "train",
    text: "Training data, a file or a folder",
    usual: () => ({ answer: "", shown: "" }),
    async take(answer, _before, say) {
      if (answer === "") {
        throw new UsageError("--train: must be given", { hint: `flora ${help.usage}` });
      }
      const data = await describeData(nodeHost(), answer);
      say(`${answer}: ${data.description}`);
      return { train: data.paths, data };
    },
  },
  {
    option: "model",
    text: "Model to begin with, a directory or a Hub name",
    usual: () => ({ answer: "", shown: "one is made" }),
    async take(model, { data }, say) {
      if (model === "") return { model };
      const template = data.isChat ? await hasTemplate(model) : undefined;
      if (template === false) say(`${model} has no chat template: chatml will be used`);
      return { model, template };
    },
  },
  {
    option: "method",
    text: "Method: flora, dense, lora, or another that flora train takes",
    usual: () => ({ answer: "flora" }),
    take(answer) {
      const method = METHODS.find((name) => name === answer);
      if (method) return { method };
      throw new UsageError(`--method: must be one of ${METHODS.join(", ")}; got ${answer}`);
    },
  },
  {
    option: "epochs",
    text: "Passes over the data",
    usual: ({ model }) =>
      model === "" ? { answer: "", shown: "what there is time for" } : { answer: "3" },
    take(epochs) {
      if (epochs !== "" && !(Number(epochs) > 0)) {
        throw new UsageError(`--epochs: must be a number above 0; got ${epochs}`);
      }
      return { epochs };
    },
  },
  {
    option: "output",
    text: "Where the model goes",
    usual: () => ({ answer: "runs/mine" }),
    take(output, { train }) {
      parseConfig({ train, output });
      return { output };
    },
  },
];

/** Nothing is answered. */
const UNANSWERED: Answers = {
  train: [],
  data: { kind: "texts", isChat: false, description: "" },
  model: "",
  template: undefined,
  method: "",
  epochs: "",
  output: "",
};

/**
 * The answers, from options where they are given, and otherwise from whoever types, who is asked again after a mistake; undefined where
 * who is asked leaves.
 */
async function askAll(
  options: ParsedOptions,
  say: (text: string) => void,
): Promise<Answers | undefined> {
  const isAsked = !options.flag("yes") && process.stdin.isTTY;
  const person = isAsked ? openQuestions() : undefined;
  if (person) say("Enter takes what stands in brackets, Ctrl-C leaves.");
  const { width } = standardOutput();
  let answers = UNANSWERED;
  try {
    for (const question of QUESTIONS) {
      const { option: name, text, take } = question;
      const { answer: usual, shown = usual } = question.usual(answers);
      const given = options.text(name) ?? options.number(name)?.toString();
      if (given !== undefined || !person) {
        answers = { ...answers, ...(await take(given ?? usual, answers, say)) };
        continue;
      }
      const prompt = shown === "" ? `${text}: ` : `${text} [${shown}]: `;
      for (;;) {
        const answer = await person.ask(prompt);
        if (answer === undefined) return undefined;
        if (answer === "" && shown === "") continue;
        try {
          answers = { ...answers, ...(await take(answer || usual, answers, say)) };
          break;
        } catch (error) {
          const mistake = errorText(error);
          if (mistake === undefined) throw error;
          for (const line of mistake.split("\n")) say(wrap(line, width).join("\n"));
        }
      }
    }
    return answers;
  } finally {
    person?.close();
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
