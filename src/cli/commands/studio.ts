/** @file `flora studio`: a page that trains in the browser. */

import type { OptionTable } from "../../options/tables/option.ts";
import type { CommandHelp } from "../arguments/help.ts";
import { parseOptions } from "../arguments/options.ts";
import { onInterrupt } from "../terminal/interrupt.ts";
import { standardOutput } from "../terminal/terminal.ts";
import { serveStudio } from "../watch/studio-server.ts";

/** Always the same, as the files of a page belong to its address. */
const PORT = 8322;

const OPTIONS: OptionTable = {
  port: {
    kind: "integer",
    min: 0,
    max: 65_535,
    default: PORT,
    help: "where the page is served; browsers keep the runs of each port apart",
  },
};

export const help: CommandHelp = {
  usage: "studio [--port N]",
  summary: "train in a browser tab: drop a file, watch, talk, save the model",
  details: [
    "Serves a page on this machine, to who has the address that is printed. The tab trains by itself, in WebAssembly: files, models and " +
      "checkpoints stay in the browser, and a run goes on from its last save after a reload. Ctrl-C ends the server, and no run.",
  ],
  options: OPTIONS,
  examples: ["flora studio", "flora studio --port 9000"],
};

/** Runs the command; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  const options = parseOptions(words, OPTIONS);
  const server = await serveStudio({ port: options.number("port") ?? PORT });
  standardOutput().write(`${server.address}\n`);
  await new Promise<void>((resolve) => onInterrupt(() => resolve()));
  await server.close();
  return 0;
}
