/** @file A comparison as a person follows it: a line for each run, rewritten in place while it goes. */

import type { ComparisonEvent, ComparisonPlan } from "../../lab/compare/comparison.ts";
import type { PlannedRun } from "../../lab/compare/plan-runs.ts";
import type { MethodResult } from "../../lab/compare/results.ts";
import type { StepEvent } from "../../runs/events.ts";
import type { Outcome } from "../../lab/compare/run-once.ts";
import { formatClock, formatDuration, formatRate } from "../terminal/format.ts";
import { truncate } from "../terminal/layout.ts";
import { formatLoss, type Output, progressBar } from "../terminal/progress.ts";
import { createStyle } from "../terminal/style.ts";

export interface CompareConsole {
  show(event: ComparisonEvent): void;
  note(text: string): void;
  /** Leaves the terminal as it was found. */
  close(): void;
}

const CLEAR = "\r\u001B[K";
/** Without a terminal, a line is written after this time. */
const LOG_MS = 10_000;
const BAR = 12;

export function createCompareConsole(
  output: Output,
  plan: ComparisonPlan,
  now: () => number = () => performance.now(),
): CompareConsole {
  const style = createStyle(output.color);
  const count = plan.methods.length * plan.seeds.length;
  let done = 0;
  let status = "";
  let loggedAt = now();
  let isOld = false;

  const print = (text: string): void => {
    output.write(`${status === "" ? "" : CLEAR}${text}\n${status}`);
  };
  const clear = (): void => {
    if (status !== "") output.write(CLEAR);
    status = "";
  };

  const title = ({ method, seed, purpose, learningRate }: PlannedRun): string => {
    const number = purpose === "sweep" ? "sweep" : `${done + 1}/${count}`;
    const rate = purpose === "sweep" ? ` lr ${learningRate}` : "";
    const seeds = plan.seeds.length > 1 ? ` seed ${seed}` : "";
    return `[${number}] ${method.label}${seeds}${rate}`;
  };

  function progress(run: PlannedRun, step: StepEvent): void {
    const facts = [
      `step ${step.step}/${step.totalSteps}`,
      `loss ${formatLoss(step.loss)}`,
      `${formatRate(step.tokensPerSecond)} tokens/s`,
      `ETA ${formatClock(step.etaMs)}`,
    ].join("  ");
    if (output.isTerminal) {
      const bar = progressBar(step.step / step.totalSteps, BAR);
      // A full last column makes some terminals wrap.
      status = truncate(`${title(run)}  ${bar}  ${facts}`, output.width - 1);
      output.write(CLEAR + status);
    } else if (now() - loggedAt >= LOG_MS) {
      loggedAt = now();
      output.write(`${title(run)}  ${facts}\n`);
    }
  }

  function outcome(result: Outcome): void {
    const { run } = result;
    clear();
    print(`${title(run)}  ${ending(result)}`);
    if (run.purpose === "result") done += 1;
  }

  function ending({ status: ended, message, log }: Outcome): string {
    const last = log?.evaluations.at(-1)?.loss;
    const loss = last === undefined ? "" : `  held-out loss ${formatLoss(last)}`;
    const bleu = log?.translation ? `  BLEU ${log.translation.bleu.toFixed(1)}` : "";
    const time = log ? `  ${formatDuration(log.elapsedMs)}` : "";
    if (ended === "finished")
      return `${style.green(isOld ? "done before" : "done")}${loss}${bleu}${time}`;
    const reason = message === undefined ? "" : `: ${message}`;
    const paint = ended === "interrupted" ? style.yellow : style.red;
    return `${paint(ended)}${reason}`;
  }

  return {
    show(event) {
      switch (event.type) {
        case "run":
          if (event.how === "goes on") print(`${title(event.run)}  goes on from its checkpoint`);
          isOld = event.how === "is done already";
          if (!isOld && output.isTerminal) {
            status = truncate(`${title(event.run)}  starting`, output.width - 1);
            output.write(CLEAR + status);
          }
          return;
        case "progress":
          return progress(event.run, event.step);
        case "outcome":
          return outcome(event.outcome);
        case "rate":
          // The run at the earlier rate does not count.
          if (event.rate.unstable.length > 0) done -= 1;
          return print(`${event.method.label}: ${rateReport(event.rate)}`);
        case "method":
          // Seeds that were not run, as the options are refused whatever the seed.
          done += plan.seeds.length - event.result.runs.length;
          return;
        case "end":
          return clear();
      }
    },
    note: print,
    close: clear,
  };
}

/** A rate as it was found, or in place of one that did not last. */
function rateReport(rate: MethodResult["rate"]): string {
  const last = rate.unstable.at(-1);
  if (last === undefined) return `learning rate ${rate.value}, of ${tried(rate)}`;
  return `a whole run at ${last} ended above its short one; learning rate ${rate.value} instead`;
}

/** "0.01 (1.234), 0.03 (1.111)". */
const tried = ({ trials }: MethodResult["rate"]): string =>
  trials
    .map(({ rate, loss }) => `${rate} (${Number.isFinite(loss) ? formatLoss(loss) : "diverged"})`)
    .join(", ");
