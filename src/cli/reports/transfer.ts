/**
 * @file What comes from the Hub, or goes to it, as it is seen on standard error: a line for each
 * file, rewritten in place in a terminal while it is on its way.
 */

import { nodeHost } from "../../host/node.ts";
import type { HubEvent, HubOptions, TransferEvent } from "../../hub/index.ts";
import { formatBytes, formatClock, formatPercent } from "../terminal/format.ts";
import { INTERRUPTED, onInterrupt } from "../terminal/interrupt.ts";
import { truncate } from "../terminal/layout.ts";
import type { Output } from "../terminal/progress.ts";
import { standardError } from "../terminal/terminal.ts";

/** Does something with the Hub, showing how far it is; Ctrl-C ends it, and the process, in order. */
export async function withHub<T>(
  work: (options: HubOptions) => Promise<T>,
  { whenInterrupted }: { readonly whenInterrupted: string },
): Promise<T> {
  const controller = new AbortController();
  const display = createTransferDisplay(standardError());
  const stopListening = onInterrupt((isFirst) => {
    if (isFirst) controller.abort();
    else process.exit(INTERRUPTED);
  });
  try {
    return await work({ host: nodeHost(), signal: controller.signal, onEvent: display.show });
  } catch (error) {
    display.end();
    if (!controller.signal.aborted) throw error;
    standardError().write(`${whenInterrupted}\n`);
    process.exit(INTERRUPTED);
  } finally {
    stopListening();
    display.end();
  }
}

export interface TransferDisplay {
  readonly show: (event: HubEvent) => void;
  /** Removes a line that is not finished. */
  readonly end: () => void;
}

/** A line is redrawn this often, or, without a terminal, written anew, in milliseconds. */
const REDRAW_MS = 50;
const LOG_MS = 10_000;
const CLEAR = "\r\u001B[K";

export function createTransferDisplay(
  output: Output,
  now: () => number = () => performance.now(),
): TransferDisplay {
  /** The file on its way: what was there of it, and when, at the start. */
  let current: { readonly file: string; readonly from: number; readonly at: number } | undefined;
  let drawnAt = -Infinity;

  const end = (): void => {
    if (output.isTerminal && current) output.write(CLEAR);
    current = undefined;
  };

  const write = (text: string): void => {
    if (!output.isTerminal) output.write(`${text}\n`);
    // A full last column makes some terminals wrap.
    else output.write(CLEAR + truncate(text, output.width - 1));
    drawnAt = now();
  };

  function transfer(event: TransferEvent): void {
    const { file, bytes, totalBytes } = event;
    if (current?.file !== file) {
      end();
      current = { file, from: bytes, at: now() };
      drawnAt = output.isTerminal ? -Infinity : now();
    }
    if (bytes >= totalBytes) {
      end();
      output.write(`${file}  ${formatBytes(totalBytes)}\n`);
    } else if (now() - drawnAt >= (output.isTerminal ? REDRAW_MS : LOG_MS)) {
      write(progressText(event, { from: current.from, elapsedMs: now() - current.at }));
    }
  }

  return {
    end,
    show(event) {
      if (event.type === "transfer") return transfer(event);
      end();
      output.write(`${event.message}\n`);
    },
  };
}

/** "model.safetensors  120.3 MB of 548.1 MB  22.0 %  11.0 MB/s  ETA 0:38". */
function progressText(
  { file, bytes, totalBytes }: TransferEvent,
  { from, elapsedMs }: { readonly from: number; readonly elapsedMs: number },
): string {
  const perMs = (bytes - from) / elapsedMs;
  return [
    file,
    `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`,
    formatPercent(bytes / totalBytes),
    ...(perMs > 0 && Number.isFinite(perMs)
      ? [`${formatBytes(perMs * 1000)}/s`, `ETA ${formatClock((totalBytes - bytes) / perMs)}`]
      : []),
  ].join("  ");
}
