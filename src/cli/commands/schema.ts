/** @file `flora schema`: what a YAML file of options may hold, for editors. */

import { parseOptions } from "../arguments/options.ts";
import type { CommandHelp } from "../arguments/help.ts";
import { standardOutput } from "../terminal/terminal.ts";

export const help: CommandHelp = {
  usage: "schema",
  summary: "print the JSON Schema of a YAML file of options, for editors",
  details: [
    "An editor that knows YAML then completes options, explains them and marks what is wrong, in a file that begins with" +
      " # yaml-language-server: $schema=flora.schema.json",
  ],
  examples: ["flora schema > flora.schema.json"],
};

/** Runs the command; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  parseOptions(words, {});
  const { jsonSchema } = await import("../../options/tables/json-schema.ts");
  const { INPUT_OPTIONS, OPTIONS } = await import("../../options/option-table.ts");
  const schema = jsonSchema({ ...INPUT_OPTIONS, ...OPTIONS });
  standardOutput().write(`${JSON.stringify(schema, undefined, 2)}\n`);
  return 0;
}
