/** @file `flora watch`: runs in a browser, as they go and as they were. */

import { UsageError } from "../../errors.ts";
import { nodeHost } from "../../host/node.ts";
import type { OptionTable } from "../../options/tables/option.ts";
import { logBytes } from "../../runs/follow-log.ts";
import type { CommandHelp } from "../arguments/help.ts";
import { parsePaths } from "../arguments/options.ts";
import { onInterrupt } from "../terminal/interrupt.ts";
import { standardOutput } from "../terminal/terminal.ts";
import { serveRuns } from "../watch/server.ts";

const OPTIONS: OptionTable = {
  port: {
    kind: "integer",
    min: 0,
    max: 65_535,
    default: 0,
    help: "where the page is served; 0 for any that is free",
  },
};

export const help: CommandHelp = {
  usage: "watch RUN ... [--port N]",
  summary: "show runs in a browser, as they go or as they were",
  details: [
    "Serves a page on this machine, to who has the address that is printed: losses, rates, answers, memory beside AdamW's, and what to " +
      "look out for, several runs beside each other. It reads the log of a run and changes nothing, so it can be opened, closed and " +
      "left asleep at any time. Ctrl-C ends it, and no run.",
  ],
  options: OPTIONS,
  examples: ["flora watch runs/demonstration", "flora watch runs/lora runs/flora --port 8321"],
};

/** Longer than between two looks at a log. */
const LAST_WORDS_MS = 600;

/** Returns when the command is to end: with the run that began it, or by a signal. */
const ended = (): Promise<void> =>
  new Promise((resolve) => {
    // A terminal sends Ctrl-C to both, and the run goes on to save.
    if (!process.connected) return void onInterrupt(() => resolve());
    process.on("SIGINT", () => undefined);
    process.on("disconnect", () => resolve());
  });

/** Runs the command; returns the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  const { paths, options } = parsePaths(words, OPTIONS);
  if (paths.length === 0) {
    throw new UsageError("watch: name a run, the output directory of flora train", {
      hint: `flora ${help.usage}`,
    });
  }
  const { clock, files } = nodeHost();
  const output = standardOutput();
  for (const path of paths) {
    if ((await logBytes(files, path)) > 0) continue;
    output.write(`${path} has no log yet; the page shows it once there is one\n`);
  }
  const server = await serveRuns({ runs: paths, port: options.number("port") ?? 0 });
  output.write(`${server.address}\n`);
  await ended();
  // What a run wrote last is told before.
  await clock.wait(LAST_WORDS_MS);
  await server.close();
  return 0;
}
