/** @file What can be seen of data before anything is trained: what kind they are, and how many. */

import { type ExampleKind, type Examples, examplesOf, isHere, labelsOf } from "../../data/index.ts";
import { FormatError, UsageError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";

export interface SeenData {
  readonly paths: readonly string[];
  readonly kind: ExampleKind | "labelled";
  readonly isChat: boolean;
  /** "200 conversations". */
  readonly description: string;
}

/**
 * Looks at data.
 *
 * @param words - a path, or paths with commas between them
 * @throws {UsageError | FormatError} if they cannot be read.
 */
export async function describeData({ files, memory }: Host, words: string): Promise<SeenData> {
  const isWhole = (await files.stat(words).catch(() => undefined)) !== undefined;
  const paths = isWhole ? [words] : words.split(",").filter((path) => path !== "");
  const mostBytes = memory.heapLimitBytes();
  const examples = examplesOf({ input: paths, name: "train", files, mostBytes, columns: {} });
  const kind = (await examples.kind()) ?? "pairs";
  const labelled = kind === "texts" ? await labelledOf(examples) : undefined;
  if (labelled) {
    const { texts, labels } = labelled;
    const description = `${texts.toLocaleString("en-US")} texts of ${labels} classes`;
    return { paths, kind: "labelled", isChat: false, description };
  }
  if (kind === "texts") {
    let characters = 0;
    for await (const { text } of examples.texts()) characters += text.length;
    const description = `text, ${characters.toLocaleString("en-US")} characters`;
    return { paths, kind, isChat: false, description };
  }
  const isChat = kind === "conversations";
  const all = isChat ? await examples.conversations() : await examples.pairs();
  const what = isChat ? "conversations" : "pairs of a prompt and its answer";
  return { paths, kind, isChat, description: `${all.length.toLocaleString("en-US")} ${what}` };
}

/** How many texts stand beside how many labels; undefined where they have none. */
async function labelledOf(
  examples: Examples,
): Promise<{ readonly texts: number; readonly labels: number } | undefined> {
  if ((await examples.formatKind()) !== undefined) return undefined;
  try {
    const labelled = await examples.labelled();
    return {
      texts: labelled.length,
      labels: labelsOf(labelled.filter(isHere).map(({ label }) => label)).length,
    };
  } catch (error) {
    if (error instanceof UsageError || error instanceof FormatError) return undefined;
    throw error;
  }
}
