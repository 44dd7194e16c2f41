/**
 * @file One run of a comparison in a process of its own: peak memory belongs to a process, and a run that fails takes nobody with
 * it. What is done already is not done again; what was interrupted goes on.
 */

import { UsageError } from "../../errors.ts";
import { writeFileAtomic } from "../../host/atomic.ts";
import type { FileStore, Host } from "../../host/host.ts";
import { join } from "../../host/path.ts";
import { hasCheckpoint, removeCheckpoints } from "../../train/output/checkpoints.ts";
import { parseConfig, type TrainConfig } from "../../options/config.ts";
import { isSameRun, type PlannedRun } from "./plan-runs.ts";
import type { EndEvent, StepEvent } from "../../runs/events.ts";
import { followLog, logBytes } from "../../runs/follow-log.ts";
import { logPath } from "../../runs/log-line.ts";
import { readRunLog, type RunLog } from "../../runs/run-log.ts";

/** What a run in a process of its own is started with. */
export interface LaunchRequest {
  /** The options of the run, as JSON, which is YAML too. */
  readonly optionsFile: string;
  readonly flag: "--resume" | "--overwrite";
  /** Aborting asks the process to end in good order. */
  readonly signal: AbortSignal;
}

/** Runs `flora train` in a process of its own, to its end. */
export type Launch = (request: LaunchRequest) => Promise<LaunchResult>;

/** How such a process ended. */
export interface LaunchResult {
  readonly exitCode: number;
  /** What it wrote on standard error. */
  readonly errorText: string;
}

/** How a run ended, with its log. */
export interface Outcome {
  readonly run: PlannedRun;
  readonly status: "finished" | "diverged" | "refused" | "failed" | "interrupted";
  /** Why it did not finish. */
  readonly message: string | undefined;
  readonly log: RunLog | undefined;
}

/** What a run in a process of its own tells. */
export type RunEvent =
  | {
      readonly type: "run";
      readonly run: PlannedRun;
      readonly how: "starts" | "goes on" | "is done already";
    }
  | { readonly type: "progress"; readonly run: PlannedRun; readonly step: StepEvent }
  | { readonly type: "outcome"; readonly outcome: Outcome };

/** How runs are started and stopped. */
export interface LaunchContext {
  readonly host: Host;
  readonly launch: Launch;
  readonly signal: AbortSignal;
  /** Milliseconds between two looks at the log. */
  readonly lookEveryMs?: number;
}

/** The exit code with which flora refuses options. */
const REFUSED = 2;

/** Runs to the end. Returns what came of it; nothing that happens to the run is thrown. */
export async function* runOnce(
  run: PlannedRun,
  context: LaunchContext,
): AsyncGenerator<RunEvent, Outcome, undefined> {
  const outcome = yield* attempt(run, context);
  yield { type: "outcome", outcome };
  return outcome;
}

async function* attempt(
  run: PlannedRun,
  context: LaunchContext,
): AsyncGenerator<RunEvent, Outcome, undefined> {
  const config = checked(run);
  if (config instanceof UsageError) {
    return { run, status: "refused", message: sentence(config), log: undefined };
  }
  const { directory } = run;
  const { files } = context.host;
  const earlier = await readRunLog(files, directory);
  const isSame = earlier !== undefined && isSameRun(config, earlier.config);
  if (isSame && earlier.end && isOver(earlier.end)) {
    yield { type: "run", run, how: "is done already" };
    return judge(run, { exitCode: 0, errorText: "" }, earlier);
  }
  if (context.signal.aborted) {
    return { run, status: "interrupted", message: undefined, log: undefined };
  }
  const goesOn = isSame && (await hasCheckpoint(files, directory));
  yield { type: "run", run, how: goesOn ? "goes on" : "starts" };
  const optionsFile = await prepareDirectory(files, run, goesOn);
  const after = await logBytes(files, directory);
  const flag = goesOn ? "--resume" : "--overwrite";
  const ending = new AbortController();
  const ended = launchSafely(context, { optionsFile, flag, signal: context.signal }).finally(() =>
    ending.abort(),
  );
  const { host, lookEveryMs = 250 } = context;
  for await (const event of followLog(host, directory, {
    after,
    lookEveryMs,
    signal: ending.signal,
  })) {
    if (event.type === "step") yield { type: "progress", run, step: event };
  }
  const outcome = judge(run, await ended, await readRunLog(files, directory));
  // Nobody goes on with a run of a comparison that is done.
  if (outcome.status !== "interrupted") await removeCheckpoints(files, directory);
  // A sweep is about a number; its weights are of no use.
  if (run.purpose === "sweep") await files.remove(join(directory, "model.safetensors"));
  return outcome.status !== "finished" && context.signal.aborted
    ? { ...outcome, status: "interrupted" }
    : outcome;
}

async function launchSafely(
  { launch }: LaunchContext,
  request: LaunchRequest,
): Promise<LaunchResult> {
  try {
    return await launch(request);
  } catch (error) {
    return { exitCode: 1, errorText: String(error) };
  }
}

function checked({ options }: PlannedRun): TrainConfig | UsageError {
  try {
    return parseConfig(options);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
}

const sentence = ({ message, hint }: UsageError): string =>
  hint === undefined ? message : `${message}; ${hint}`;

/** Writes the options; what was left by a run with others goes. */
async function prepareDirectory(
  files: FileStore,
  { directory, options }: PlannedRun,
  goesOn: boolean,
): Promise<string> {
  await files.makeDirectory(directory);
  if (!goesOn) {
    await files.remove(logPath(directory));
    await removeCheckpoints(files, directory);
  }
  const path = join(directory, "run.json");
  const content = `${JSON.stringify(options, undefined, 2)}\n`;
  await writeFileAtomic(files, path, (file) => file.write(content));
  return path;
}

function judge(
  run: PlannedRun,
  { exitCode, errorText }: LaunchResult,
  log: RunLog | undefined,
): Outcome {
  const outcome = (status: Outcome["status"], message?: string): Outcome => ({
    run,
    status,
    message,
    log,
  });
  const reason = log?.end?.reason;
  if (exitCode === REFUSED) return outcome("refused", refusal(errorText));
  if (reason === "not a number" || reason === "diverged")
    return outcome("diverged", log?.end?.message);
  if (reason === "interrupted") return outcome("interrupted");
  if (reason !== "finished" || exitCode !== 0) {
    return outcome("failed", lastLine(errorText) ?? `ended with exit code ${exitCode}`);
  }
  const loss = log?.evaluations.at(-1)?.loss;
  return loss !== undefined && Number.isFinite(loss)
    ? outcome("finished")
    : outcome("diverged", "the held-out loss at the end is not a number");
}

/** Whether a run came to an end that going on would not change. */
const isOver = ({ reason }: Pick<EndEvent, "reason">): boolean =>
  reason === "finished" || reason === "diverged" || reason === "not a number";

/** "flora: what is wrong", and a hint in the line below. */
const refusal = (errorText: string): string =>
  errorText
    .trim()
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("building"))
    .map((line) => line.trim().replace(/^flora: /, ""))
    .join("; ");

const lastLine = (text: string): string | undefined =>
  text.trim() === "" ? undefined : text.trim().split("\n").at(-1)?.trim();
