/** @file `flora train --find-lr`: which learning rate to train with, by a range test, and the command that does so. */

import { option, UsageError } from "../../errors.ts";
import type { TrainConfig } from "../../options/config.ts";
import type { RunContext } from "../../train/setup/run.ts";
import { proposeRate, RANGE_STEPS, type RatePoint, testRates } from "../../train/find-rate.ts";
import { quoteWords } from "../arguments/arguments.ts";
import { chartLines } from "../reports/chart.ts";
import { formatNumber } from "../terminal/format.ts";
import { INTERRUPTED, onInterrupt } from "../terminal/interrupt.ts";
import { wrap } from "../terminal/layout.ts";
import { formatLoss, type Output } from "../terminal/progress.ts";
import { createStyle } from "../terminal/style.ts";

/** How the command was called. */
export interface Called {
  readonly program: string;
  /** What came after "flora train". */
  readonly words: readonly string[];
}

const CHART_HEIGHT = 12;
/** Steps from one line to the next, where the output is no terminal. */
const TELL_EVERY = 10;
const CLEAR = "\r\u001B[K";

/**
 * Tests rates, and shows what came of it; returns the exit code.
 *
 * @throws {UsageError} if the run goes on, and as the run would.
 */
export async function findRate(
  config: TrainConfig,
  context: RunContext,
  { output, ...called }: Called & { readonly output: Output },
): Promise<number> {
  if (config.resume) {
    throw new UsageError(`${option("findLr")}: a test begins with the weights of the model`, {
      hint: `leave ${option("resume")} out`,
    });
  }
  let isLeft = false;
  const stopListening = onInterrupt((isFirst) => {
    if (!isFirst) process.exit(INTERRUPTED);
    isLeft = true;
  });
  const points: RatePoint[] = [];
  try {
    for await (const point of testRates(config, context)) {
      points.push(point);
      tell(points.length, point, output);
      if (isLeft) break;
    }
  } finally {
    stopListening();
  }
  if (output.isTerminal) output.write(CLEAR);
  if (isLeft) return INTERRUPTED;
  output.write(`${rateReport(points, called, output).join("\n")}\n`);
  return 0;
}

function tell(step: number, { rate, loss }: RatePoint, output: Output): void {
  const text = `step ${step}/${RANGE_STEPS}  rate ${formatNumber(rate)}  loss ${formatLoss(loss)}`;
  if (output.isTerminal) output.write(`${CLEAR}${text}`);
  else if (step % TELL_EVERY === 0) output.write(`${text}\n`);
}

/** The loss over rates, the rate that it proposes, and the command with it. */
export function rateReport(
  points: readonly RatePoint[],
  { program, words }: Called,
  { width, color }: Pick<Output, "color" | "width">,
): string[] {
  const { smoothed, lowest, isBlownUp, rate } = proposeRate(points);
  const style = createStyle(color);
  const at = formatNumber(lowest.rate);
  const told = isBlownUp ? "and blew up after it" : "and did not blow up";
  // A single batch that blew up would leave the others no room.
  const top = Math.max(...smoothed.map(({ loss }) => (Number.isFinite(loss) ? loss : -Infinity)));
  const cut = points.map(({ rate: x, loss }) => [x, Math.min(loss, top)] as const);
  const line = smoothed.map(({ rate: x, loss }) => [x, loss] as const);
  const series = [
    { name: "loss", points: cut, kind: "marks" as const },
    { name: "smoothed", points: line, kind: "line" as const },
    ...(rate === undefined
      ? []
      : [
          {
            name: "proposed",
            points: [[rate, lossAt(rate, line)] as const],
            kind: "marks" as const,
          },
        ]),
  ];
  const chart = {
    title: "Loss by learning rate",
    xLabel: "learning rate",
    yLabel: "loss",
    xScale: "log",
    series,
  } as const;
  const result =
    rate === undefined
      ? wrap(
          "the loss fell at no rate: the batches may be too small to show it, or the model has learned these data; more --batch-size or --micro-steps show more",
          width,
        )
      : [
          ...wrap(
            `the smoothed loss was lowest at a rate of ${at}, ${told}; a tenth of that is ${style.bold(String(rate))}. To train with it:`,
            width,
          ),
          `  ${program} train ${quoteWords(wordsAt(String(rate), words))}`,
        ];
  return [...chartLines(chart, { width, height: CHART_HEIGHT, color }), "", ...result];
}

/** The loss of a line, from the smallest rate on, at the first that is as high. */
const lossAt = (rate: number, line: readonly (readonly [number, number])[]): number =>
  line.find(([x]) => x >= rate)?.[1] ?? Number.NaN;

/** The same command, at a rate, without the test. */
const wordsAt = (rate: string, words: readonly string[]): readonly string[] => [
  ...words.filter(
    (word, i) => !TEST.test(word) && !GIVEN_RATE.test(word) && !RATE.test(words[i - 1] ?? ""),
  ),
  "--learning-rate",
  rate,
];

const TEST = /^--(no-)?(find-lr|findLr)(=|$)/;
const RATE = /^--(learning-rate|learningRate)$/;
const GIVEN_RATE = /^--(learning-rate|learningRate)(=|$)/;
