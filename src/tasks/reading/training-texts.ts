/** @file The texts that a tokenizer is learned from: what will be encoded. */

import { option, UsageError } from "../../errors.ts";
import { lastGap, recut, type Said, type Shared, toldTexts } from "../../data/index.ts";
import type { TrainConfig } from "../../options/config.ts";
import type { Dataset } from "./dataset.ts";

/** What is encoded for training, as texts that begin and end where words do. */
export async function* trainingTexts(
  {
    task,
    prefix,
    stream,
    suffix = "",
  }: Partial<Pick<TrainConfig, "stream">> & Pick<TrainConfig, "prefix" | "suffix" | "task">,
  dataset: Dataset,
): AsyncGenerator<string, void, undefined> {
  if (stream !== undefined) {
    throw new UsageError(
      `${option("stream")}: a tokenizer or a model that is made for the data takes all of them`,
      {
        hint: `name a ${option("model")}, or its fields, and a ${option("tokenizer")} that there is`,
      },
    );
  }
  const textsOf = function* <E>(
    examples: readonly Shared<E>[],
    say: (own: E) => readonly string[],
  ): Generator<string, void, undefined> {
    for (const texts of toldTexts(dataset.ranks, examples, say)) yield* texts;
  };
  if (task === "classify") {
    const { training } = await dataset.labelled();
    yield* textsOf(training, ({ text, pair = "" }) => [text, pair]);
    return;
  }
  if (task === "preference") {
    const { training } = await dataset.preferences();
    yield* textsOf(training, ({ prompt, chosen, rejected }) =>
      [prompt, chosen, rejected].flatMap(textsSaid),
    );
    return;
  }
  const kind = await dataset.kind();
  if (kind === "texts") {
    for await (const { text } of recut(dataset.textsTwice(), lastGap)) yield text;
  } else if (kind === "conversations") {
    const { training } = await dataset.conversations();
    yield* textsOf(training, ({ messages }) => textsSaid(messages));
  } else {
    const { training } = await dataset.pairs();
    yield* textsOf(training, ({ source, target }) => [prefix + source + suffix, target]);
  }
}

const textsSaid = (said: Said): readonly string[] =>
  typeof said === "string"
    ? [said]
    : said.flatMap(({ content }) => (typeof content === "string" ? [content] : []));
