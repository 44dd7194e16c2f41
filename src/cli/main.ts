/** @file The command line of flora: which command runs, and what becomes of errors. */

import { UsageError } from "../errors.ts";
import { closest } from "../options/tables/suggest.ts";
import type { CommandHelp } from "./arguments/help.ts";
import { errorText } from "./terminal/error-text.ts";
import { standardOutput } from "./terminal/terminal.ts";
import { version } from "./terminal/version.ts";

interface Command {
  readonly help: CommandHelp;
  /** Returns the exit code. */
  run(words: readonly string[]): Promise<number>;
}

/**
 * Each command is loaded when it is wanted; none loads onnxruntime before its options are checked.
 */
export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  init: () => import("./commands/init.ts"),
  train: () => import("./commands/train.ts"),
  watch: () => import("./commands/watch.ts"),
  studio: () => import("./commands/studio.ts"),
  inspect: () => import("./commands/inspect.ts"),
  chat: () => import("./models/chat.ts"),
  serve: () => import("./models/serve.ts"),
  evaluate: () => import("./models/evaluate.ts"),
  generate: () => import("./models/generate.ts"),
  classify: () => import("./models/classify.ts"),
  embed: () => import("./models/embed.ts"),
  compare: () => import("./commands/compare.ts"),
  merge: () => import("./models/merge.ts"),
  export: () => import("./models/export.ts"),
  push: () => import("./models/push.ts"),
  memory: () => import("./commands/memory.ts"),
  dynamics: () => import("./commands/dynamics.ts"),
  schema: () => import("./commands/schema.ts"),
  doctor: () => import("./commands/doctor.ts"),
};

/** Runs the command that the words ask for, and sets the exit code. */
export async function main(words: readonly string[]): Promise<void> {
  process.stdout.on("error", endSilently);
  try {
    const page = await helpPage(words);
    if (page !== undefined) {
      standardOutput().write(`${page.join("\n")}\n`);
    } else {
      const [name = "", ...rest] = words;
      const command = await findCommand(name)();
      process.exitCode = await command.run(rest);
    }
  } catch (error) {
    process.exitCode = reportError(error);
  }
}

/** Whoever read the output has gone; what is left to say has no reader. */
function endSilently(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit();
}

/** The lines that a question gets, if the words ask one. */
async function helpPage(words: readonly string[]): Promise<readonly string[] | undefined> {
  const [name = "--help"] = words;
  if (name === "--version" || name === "-v") return [version()];
  const { width } = standardOutput();
  if (name === "--help" || name === "-h") {
    const { mainHelp } = await import("./arguments/help.ts");
    const pages = Object.entries(COMMANDS).map(
      async ([each, load]) => [each, (await load()).help] as const,
    );
    return mainHelp(Object.fromEntries(await Promise.all(pages)), width);
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  const end = words.indexOf("--");
  const options = words.slice(1, end < 0 ? undefined : end);
  if (!load || !(options.includes("--help") || options.includes("-h"))) return undefined;
  const { commandHelp } = await import("./arguments/help.ts");
  return commandHelp((await load()).help, width);
}

function findCommand(name: string): () => Promise<Command> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load) return load;
  const names = Object.keys(COMMANDS);
  const near = closest(name, names);
  const hint = near === undefined ? `commands: ${names.join(", ")}` : `did you mean ${near}?`;
  throw new UsageError(`${name}: no such ${name.startsWith("-") ? "option" : "command"}`, { hint });
}

/** Says what went wrong on standard error; returns the exit code. */
function reportError(error: unknown): number {
  const text = errorText(error);
  if (text !== undefined) {
    console.error(`flora: ${text}`);
    return 2;
  }
  console.error("flora: internal error, please report it:", error);
  return 1;
}
