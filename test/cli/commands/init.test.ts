/** `flora init` with a person in front of it: a pseudo terminal, which `script` of util-linux opens. */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";

const SCRIPT = "script -qec";
/** That of util-linux: others take their words in another order. */
const hasScript = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes(
  "util-linux",
);

const FILE = "Training data, a file or a folder: ";
const MODEL = "Model to begin with, a directory or a Hub name [one is made]: ";
const METHOD = "Method: flora, dense, lora, or another that flora train takes [flora]: ";
const EPOCHS = "Passes over the data [what there is time for]: ";
const OUTPUT = "Where the model goes [runs/mine]: ";

describe.skipIf(!hasScript)(`flora init in a terminal (${SCRIPT})`, () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "flora-init-"));
    const messages = [
      { role: "user", content: "Who?" },
      { role: "assistant", content: "Me." },
    ];
    writeFileSync(join(folder, "chats.jsonl"), `${JSON.stringify({ messages })}\n`.repeat(20));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Types each answer when its question is there; returns what stands in the terminal then, without cursor movements. */
  async function typed(
    answers: readonly (readonly [question: string, keys: string])[],
  ): Promise<{ readonly text: string; readonly exitCode: number | null }> {
    const [command = "", ...words] = SCRIPT.split(" ");
    const program = `${process.execPath} ${resolve("bin/flora.js")} init`;
    const { npm_command: _, ...env } = process.env;
    const terminal = spawn(command, [...words, program, "/dev/null"], { cwd: folder, env });
    let text = "";
    let read = 0;
    const left = [...answers];
    terminal.stdout.setEncoding("utf8").on("data", (part: string) => {
      // eslint-disable-next-line no-control-regex
      text += part.replaceAll(/\u001B\[\d*[A-Z]|\r/g, "");
      const [question, keys] = left[0] ?? [];
      const at = question === undefined ? -1 : text.indexOf(question, read);
      if (at < 0 || question === undefined || keys === undefined) return;
      read = at + question.length;
      left.shift();
      terminal.stdin.write(keys);
    });
    const exitCode = await new Promise<number | null>((ended) => terminal.on("close", ended));
    return { text, exitCode };
  }

  const written = () => parse(readFileSync(join(folder, "flora.yaml"), "utf8"));

  it("asks five questions, and writes what Enter means", async () => {
    const { text, exitCode } = await typed([
      [FILE, "chats.jsonl\r"],
      [MODEL, "\r"],
      [METHOD, "\r"],
      [EPOCHS, "\r"],
      [OUTPUT, "\r"],
    ]);
    expect(exitCode).toBe(0);
    expect(text).toContain("Enter takes what stands in brackets, Ctrl-C leaves.\n");
    expect(text).toContain("chats.jsonl: 20 conversations\n");
    expect(text).toContain("flora.yaml is written; next:\n  flora inspect flora.yaml");
    expect(written()).toMatchObject({ train: "chats.jsonl", method: "flora", output: "runs/mine" });
    expect(Object.keys(written())).not.toContain("epochs");
  });

  it("says what is wrong with an answer, and asks again", async () => {
    const { text, exitCode } = await typed([
      [FILE, "\r"],
      [FILE, "nowhere.jsonl\r"],
      [FILE, "chats.jsonl\r"],
      [MODEL, "nowhere\r"],
      [MODEL, "\r"],
      [METHOD, "lorra\r"],
      [METHOD, "lora\r"],
      [EPOCHS, "many\r"],
      [EPOCHS, "2\r"],
      [OUTPUT, "runs/zoo\r"],
    ]);
    expect(exitCode).toBe(0);
    for (const mistake of [
      "data: cannot read nowhere.jsonl; got no such file\n",
      "--model: neither a directory that exists nor a name on the Hub; got nowhere\n",
      "--method: must be one of apollo, apollo-mini, compact, dense, fira, flora,\ngalore, gum, ldadam, lora-pre, lora, lora-fa, lora+, dora, relora, plora, cola;\ngot lorra\n",
      "--epochs: must be a number above 0; got many\n",
    ]) {
      expect(text).toContain(mistake);
    }
    expect(written()).toMatchObject({ method: "lora", epochs: 2, output: "runs/zoo" });
    expect(text.split("\n").every((line) => line.length <= 80)).toBe(true);
  });

  it.each([
    ["Ctrl-C", "\u0003"],
    ["Ctrl-D", "\u0004"],
  ])("is left with %s, and nothing is written", async (_name, key) => {
    const { text, exitCode } = await typed([
      [FILE, "chats.jsonl\r"],
      [MODEL, key],
    ]);
    expect(exitCode).toBe(130);
    expect(text).toMatch(/\nleft; nothing is written\n$/);
    expect(existsSync(join(folder, "flora.yaml"))).toBe(false);
  });

  it("reads answers that are pasted at once", async () => {
    const { exitCode } = await typed([[FILE, "chats.jsonl\r\rdense\r\rruns/pasted\r"]]);
    expect(exitCode).toBe(0);
    expect(written()).toMatchObject({ method: "dense", output: "runs/pasted" });
  });
});
