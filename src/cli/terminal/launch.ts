/** @file Commands as processes of their own. */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
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

/** The address of a page that shows a run; it is served until this process ends. */
export const launchWatch = (run: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, "watch", run], {
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`flora watch ended with ${code ?? "a signal"}`)));
    const { stdout } = child;
    if (!stdout) return reject(new Error("internal: no standard output"));
    createInterface({ input: stdout }).on("line", (line) => {
      if (!line.startsWith("http://")) return;
      // Nothing of it keeps this process from ending.
      stdout.destroy();
      child.unref();
      child.channel?.unref();
      resolve(line);
    });
  });
