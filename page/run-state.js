/** @file What a page knows of a run: its log, taken in event by event. */

/** @import { LoggedEvent } from "flora-train" */

/**
 * @template {LoggedEvent["type"]} Type
 * @typedef {Extract<LoggedEvent, { type: Type }>} EventOf
 */

/**
 * @typedef {object} RunState
 * @property {EventOf<"start">} [start]
 * @property {EventOf<"step">[]} steps
 * @property {EventOf<"evaluation">[]} evaluations
 * @property {EventOf<"samples"> | EventOf<"translation">} [answers] the newest
 * @property {string[]} notes
 * @property {EventOf<"saved">} [saved] the newest
 * @property {EventOf<"end">} [end]
 * @property {number} [writtenMs] when the last line was written, since 1970
 */

/** @returns {RunState} a run of which nothing is known */
export const unknownRun = () => ({ steps: [], evaluations: [], notes: [] });

/**
 * A run after an event. Where it goes on, steps that are done again stand in the log twice, and the later ones count.
 *
 * @param {RunState} run is changed
 * @param {LoggedEvent} event
 */
export function take(run, event) {
  // Logs of the first version had no times.
  if (event.time !== undefined) run.writtenMs = Date.parse(event.time);
  switch (event.type) {
    case "start":
      run.start = event;
      run.steps = run.steps.filter(({ step }) => step <= event.startStep);
      run.evaluations = run.evaluations.filter(({ step }) => step <= event.startStep);
      run.notes = [...event.notes];
      delete run.end;
      break;
    case "step":
      run.steps.push(event);
      break;
    case "evaluation":
      run.evaluations.push(event);
      break;
    case "samples":
    case "translation":
      run.answers = event;
      break;
    case "note":
      run.notes.push(event.text);
      break;
    case "saved":
      run.saved = event;
      break;
    case "end":
      run.end = event;
      break;
  }
}

/**
 * The held-out evaluation with the lowest loss.
 *
 * @param {RunState} run
 */
export const bestOf = ({ evaluations }) =>
  evaluations.reduce(
    (best, each) => (best === undefined || each.loss < best.loss ? each : best),
    /** @type {EventOf<"evaluation"> | undefined} */ (undefined),
  );

/**
 * Numbers with an exponential mean over about so many of them, corrected for its beginning.
 *
 * @param {readonly number[]} values
 * @param {number} over
 */
export function smoothed(values, over) {
  const keep = 1 - 1 / Math.max(1, over);
  let [sum, weight] = [0, 0];
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    sum = keep * sum + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return sum / weight;
  });
}
