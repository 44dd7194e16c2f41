/** @file The page: it listens to what the server tells of runs, and draws it. It changes nothing. */

/** @import { LoggedEvent } from "flora-train" */
/** @import { RunState } from "./run-state.js" */

import { createChart } from "./charts.js";
import { take, unknownRun } from "./run-state.js";
import { createCard, togetherOf } from "./view.js";

/** @typedef {{ path: string, run: RunState, card: ReturnType<typeof createCard> }} Shown */

/** Colours of runs that are beside each other. */
const COLORS = ["--train", "--held-out", "--alert", "--ink", "--quiet"];
/** Between two looks at how long nothing was written. */
const LOOK_MS = 10_000;

/** @type {Shown[]} */
let shown = [];
/** @type {(() => void) | undefined} */
let showTogether;
const changed = new Set();

const place = element("runs");
const connection = element("connection");

const source = new EventSource(`/events${location.search}`);
source.addEventListener("open", () => say("live"));
source.addEventListener("error", () => say("the server is gone; flora watch shows the run again"));
// Whoever connects anew hears everything from the beginning.
source.addEventListener("runs", ({ data }) => begin(JSON.parse(data)));
source.addEventListener("again", ({ data }) => {
  const own = shown[Number(data)];
  if (own) own.run = unknownRun();
});
source.addEventListener("message", ({ data }) => {
  /** @type {{ run: number, event: LoggedEvent }} */
  const { run: index, event } = JSON.parse(data);
  const own = shown[index];
  if (!own) return;
  take(own.run, event);
  draw(own);
});
setInterval(() => shown.forEach(draw), LOOK_MS);

/** @param {readonly string[]} paths */
function begin(paths) {
  shown = paths.map((path) => ({ path, run: unknownRun(), card: createCard(path) }));
  const together = paths.length > 1 ? compared(paths) : undefined;
  showTogether = together?.show;
  place.replaceChildren(
    ...(together ? [together.element] : []),
    ...shown.map(({ card }) => card.element),
  );
  shown.forEach(draw);
}

/** @param {readonly string[]} paths */
function compared(paths) {
  const box = document.createElement("section");
  box.className = "together";
  box.setAttribute("aria-label", "runs beside each other");
  const chart = createChart(
    "Held-out loss",
    paths.map((label, i) => ({ label, color: COLORS[i % COLORS.length] ?? "", points: true })),
  );
  const table = document.createElement("div");
  table.className = "scrolled";
  box.append(chart.element, table);
  return {
    element: box,
    show() {
      const losses = shown.map(
        ({ run }) => new Map(run.evaluations.map(({ step, loss }) => [step, loss])),
      );
      const steps = [...new Set(losses.flatMap((each) => [...each.keys()]))];
      steps.sort((a, b) => a - b);
      chart.show(steps, ...losses.map((each) => steps.map((step) => each.get(step) ?? null)));
      table.replaceChildren(togetherOf(shown));
    },
  };
}

/**
 * Draws a run with the next frame, however many events come before it.
 *
 * @param {Shown} own
 */
function draw(own) {
  if (changed.size === 0) {
    requestAnimationFrame(() => {
      for (const each of changed) each.card.show(each.run);
      changed.clear();
      showTogether?.();
    });
  }
  changed.add(own);
}

/** @param {string} text */
function say(text) {
  connection.textContent = text;
}

/** @param {string} id */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`internal: no element ${id}`);
  return found;
}
