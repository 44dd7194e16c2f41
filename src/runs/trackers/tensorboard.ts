/**
 * @file `tensorboard/events.out.tfevents.*`: metrics as scalars and samples as texts, for TensorBoard and all that reads its files. A run that
 * goes on begins a further file.
 */

import { join } from "../../host/path.ts";
import type { SamplesEvent, StartEvent, TranslationEvent } from "../events.ts";
import {
  eventRecord,
  RESTART,
  scalar,
  summary,
  textValue,
  VERSION,
  type Content,
} from "./event-file.ts";
import { metricsOf } from "./metrics.ts";
import type { Tracker, TrackerHost } from "./tracker.ts";

export const TENSORBOARD = "tensorboard";

/** Writes event files into the folder `tensorboard` of the output directory. */
export function trackTensorboard({ clock, files }: TrackerHost): Tracker {
  let path = "";

  async function write(step: number, ...contents: readonly Content[]): Promise<void> {
    const file = await files.append(path);
    try {
      for (const content of contents) {
        await file.write(eventRecord({ seconds: clock.dateMs() / 1000, step, content }));
      }
    } finally {
      await file.close();
    }
  }

  /** The name of a new file: the reader takes files in the order of their names. */
  async function begin({ config }: StartEvent): Promise<string> {
    const directory = join(config.output, TENSORBOARD);
    if (!config.resume) await files.remove(directory);
    await files.makeDirectory(directory);
    const count = (await files.list(directory)).length;
    const seconds = Math.floor(clock.dateMs() / 1000);
    return join(directory, `events.out.tfevents.${seconds}.flora.${count}`);
  }

  return async (event) => {
    if (event.type === "start") {
      path = await begin(event);
      const { resume } = event.config;
      await write(0, VERSION);
      // What stands after this step in earlier files is void.
      if (resume) await write(event.startStep + 1, RESTART);
    }
    if (event.type === "samples" || event.type === "translation") {
      await write(event.step, summary([textValue(`eval/${event.type}`, markdown(event))]));
    }
    const metrics = metricsOf(event);
    if (!metrics) return;
    const values = Object.entries(metrics.values);
    await write(metrics.step, summary(values.map(([name, value]) => scalar(name, value))));
  };
}

/** Prompts, answers and what is right, as TensorBoard shows texts. */
const markdown = ({ samples }: SamplesEvent | TranslationEvent): string =>
  samples
    .map(({ prompt, target, output }) =>
      [
        `**prompt**\n\n${block(prompt)}`,
        `**answer**\n\n${block(output)}`,
        ...(target === undefined ? [] : [`**target**\n\n${block(target)}`]),
      ].join("\n\n"),
    )
    .join("\n\n---\n\n");

/** As it is, line by line: no character of it means anything. */
const block = (text: string): string =>
  text
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
