/** @file `flora train` as a process of its own. */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Launch } from "../../lab/compare/run-once.ts";

const PROGRAM = fileURLToPath(new URL("../../../bin/flora.js", import.meta.url));

/** The end of what a process wrote on standard error is enough to say why it failed. */
const KEPT_CHARACTERS = 10_000;

/** Its output is not shown: the log tells it. Aborting asks it to save and end. */
export const launchTrain: Launch = ({ optionsFile, flag, signal }) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, "train", optionsFile, flag], {
      // The channel closes when this process ends, however it does; the other one then ends too.
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let errorText = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      errorText = (errorText + text).slice(-KEPT_CHARACTERS);
    });
    const interrupt = () => void child.kill("SIGTERM");
    signal.addEventListener("abort", interrupt);
    child.on("error", reject);
    child.on("close", (code, killedBy) => {
      signal.removeEventListener("abort", interrupt);
      if (killedBy !== null) errorText += `\nended by ${killedBy}`;
      resolve({ exitCode: code ?? 1, errorText });
    });
  });
