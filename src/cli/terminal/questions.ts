/** @file Questions that a person answers, a line each. */

import { createInterface } from "node:readline";

export interface Questions {
  /** The answer, without spaces around it; undefined where who is asked leaves. */
  ask(question: string): Promise<string | undefined>;
  close(): void;
}

/** Asks in the terminal. Ctrl-C and Ctrl-D leave. */
export function openQuestions(): Questions {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  lines.on("close", () => process.stdin.pause());
  // Whoever pastes all answers at once is read too.
  const answers = lines[Symbol.asyncIterator]();
  return {
    async ask(question) {
      lines.setPrompt(question);
      lines.prompt();
      const { done, value } = await answers.next();
      if (done !== true) return value.trim();
      process.stdout.write("\n");
      return undefined;
    },
    close: () => lines.close(),
  };
}
