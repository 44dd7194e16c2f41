/** @file `flora push`: a finished model, or adapter, for others to use. */

import type { CommandHelp } from "../arguments/help.ts";
import { parseOptions, required } from "../arguments/options.ts";
import { standardOutput } from "../terminal/terminal.ts";
import { withHub } from "../reports/transfer.ts";

export const help: CommandHelp = {
  usage: "push --model DIR --repo OWNER/NAME [--private]",
  summary: "upload a finished model to the Hugging Face Hub",
  details: [
    "Weights, settings and tokenizer go into one commit, with a README.md: that of the directory, or" +
      " else one that tells how the model was made. Checkpoints and logs stay here.",
    "The token, with permission to write, is that of HF_TOKEN or of hf auth login.",
  ],
  options: {
    model: { kind: "text", value: "DIR", help: "what flora train or flora merge left" },
    repo: { kind: "text", value: "NAME", help: "owner/name, created if there is none" },
    private: { kind: "flag", help: "create it for yourself alone" },
    revision: { kind: "text", value: "NAME", help: "a branch, created if there is none [main]" },
    message: { kind: "text", help: "title of the commit" },
    license: { kind: "text", value: "NAME", help: "for the README.md, such as apache-2.0" },
    baseModel: {
      kind: "text",
      value: "NAME",
      help: "owner/name of the model that was trained, where the directory does not tell",
    },
  },
  examples: [
    "flora push --model runs/flora --repo someone/translator --license apache-2.0",
    "flora push --model runs/lora --repo someone/adapter --base-model openai-community/gpt2",
  ],
};

/** Runs the command; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  const options = parseOptions(words, help.options ?? {});
  const directory = required(options, "model", help);
  const name = required(options, "repo", help);
  const { pushModel } = await import("../../hub/index.ts");
  const { url } = await withHub(
    (hub) =>
      pushModel(directory, name, {
        ...hub,
        isPrivate: options.flag("private"),
        revision: options.text("revision"),
        message: options.text("message"),
        license: options.text("license"),
        baseModel: options.text("baseModel"),
      }),
    { whenInterrupted: "interrupted; no file has changed on the Hub" },
  );
  standardOutput().write(`${url}\n`);
  return 0;
}
