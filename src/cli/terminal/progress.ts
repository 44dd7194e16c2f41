/**
 * @file The status of a run: one line that is rewritten in place in a terminal, and now and then a
 * line of its own elsewhere.
 */

import type { MicroStepEvent, StepEvent } from "../../runs/events.ts";
import { formatBytes, formatClock, formatDuration, formatRate } from "./format.ts";
import { textWidth, truncate } from "./layout.ts";

/** Where lines go: a terminal, a file or a pipe. */
export interface Output {
  write(text: string): void;
  /** Whether a line can be rewritten. */
  readonly isTerminal: boolean;
  /** Characters of a line, now. */
  readonly width: number;
  readonly color: boolean;
}

/** The status as a line of a log. */
export function statusText(event: StepEvent): string {
  const { step, totalSteps, loss, learningRate, tokensPerSecond } = event;
  return [
    `step ${step}/${totalSteps}`,
    `loss ${formatLoss(loss)}`,
    `lr ${formatLearningRate(learningRate)}`,
    `${formatRate(tokensPerSecond)} tokens/s`,
    `${formatRate(event.gflopsPerSecond)} GFLOP/s`,
    `ETA ${formatDuration(event.etaMs)}`,
    formatBytes(event.residentBytes),
  ].join("  ");
}

/**
 * The status and a bar in at most `width` characters: shorter words first, then no bar, then fewer
 * facts.
 *
 * @param fraction - of the run that is done, 0 to 1
 */
export function statusBar(event: StepEvent, fraction: number, width: number): string {
  const { step, totalSteps, tokensPerSecond, gflopsPerSecond, residentBytes } = event;
  const long = statusText(event);
  const count = `${step}/${totalSteps}`;
  const loss = `loss ${formatLoss(event.loss)}`;
  const lr = `lr ${formatLearningRate(event.learningRate)}`;
  const speed = `${formatRate(tokensPerSecond)} tok/s`;
  const flops = `${formatRate(gflopsPerSecond)} GFLOP/s`;
  const eta = `ETA ${formatClock(event.etaMs)}`;
  const memory = formatBytes(residentBytes);
  const short = [count, loss, lr, speed, flops, eta, memory];
  const candidates = [
    { text: long, bar: 10 },
    { text: short.join("  "), bar: 8 },
    { text: short.join(" "), bar: 6 },
    { text: short.join(" "), bar: 0 },
    { text: [count, loss, speed, flops, eta, memory].join(" "), bar: 0 },
    { text: [count, loss, speed, eta, memory].join(" "), bar: 0 },
    { text: [count, loss, eta].join(" "), bar: 0 },
  ];
  for (const { text, bar } of candidates) {
    const rest = width - textWidth(text);
    if (bar > 0 && rest >= bar + 2)
      return `${progressBar(fraction, Math.min(rest - 2, 24))}  ${text}`;
    if (bar === 0 && rest >= 0) return text;
  }
  return truncate(`${count} ${loss}`, width);
}

/** A bar with eight steps a character. */
export function progressBar(fraction: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, fraction)) * width * 8);
  const full = "█".repeat(eighths >> 3);
  const part = eighths % 8 === 0 ? "" : String.fromCodePoint(0x2590 - (eighths % 8));
  return full + part + "░".repeat(width - (eighths >> 3) - part.length);
}

/** Three digits that matter, also of a small loss. */
export function formatLoss(loss: number): string {
  if (!Number.isFinite(loss)) return String(loss);
  return loss !== 0 && Math.abs(loss) < 0.01 ? loss.toExponential(2) : loss.toFixed(3);
}

export const formatLearningRate = (rate: number): string => rate.toExponential(1);

export interface Progress {
  step(event: StepEvent): void;
  /** Moves the bar within a step. */
  microStep(event: MicroStepEvent): void;
  /** Lines that stay, above the status. */
  print(lines: readonly string[]): void;
  /** Removes the status line, and forgets it. */
  end(): void;
}

export interface ProgressOptions {
  readonly microSteps: number;
  /** Milliseconds, from any start. */
  readonly now?: () => number;
}

/** A status line is redrawn this often, in milliseconds. */
const REDRAW_MS = 50;
/** Without a terminal, a line is written for this share of the run, or after this time. */
const LOG_SHARE = 0.02;
const LOG_MS = 10_000;
const CLEAR = "\r\u001B[K";

export function createProgress(output: Output, options: ProgressOptions): Progress {
  const { microSteps, now = () => performance.now() } = options;
  let last: StepEvent | undefined;
  let shown = "";
  let drawnAt = -Infinity;
  let logged: { readonly step: number; readonly at: number } | undefined;

  function draw(fraction: number): void {
    if (!last || !output.isTerminal) return;
    // A full last column makes some terminals wrap.
    shown = statusBar(last, fraction, output.width - 1);
    output.write(CLEAR + shown);
    drawnAt = now();
  }

  return {
    step(event) {
      last = event;
      const isLast = event.step === event.totalSteps;
      if (output.isTerminal) {
        if (isLast || now() - drawnAt >= REDRAW_MS) draw(event.step / event.totalSteps);
        return;
      }
      const isDue =
        logged === undefined ||
        event.step - logged.step >= LOG_SHARE * event.totalSteps ||
        now() - logged.at >= LOG_MS;
      if (!isDue && !isLast) return;
      output.write(`${statusText(event)}\n`);
      logged = { step: event.step, at: now() };
    },

    microStep({ step, microStep }) {
      if (!last || now() - drawnAt < REDRAW_MS) return;
      draw((step + microStep / microSteps) / last.totalSteps);
    },

    print(lines) {
      const text = lines.map((line) => `${line}\n`).join("");
      if (!output.isTerminal || shown === "") output.write(text);
      else output.write(CLEAR + text + shown);
    },

    end() {
      if (output.isTerminal && shown !== "") output.write(CLEAR);
      shown = "";
      last = undefined;
    },
  };
}
