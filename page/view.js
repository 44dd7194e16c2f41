/** @file A run as a card: its state, numbers, alerts, charts, answers and memory. */

/** @import { RunState } from "./run-state.js" */

import { alertsOf } from "./alerts.js";
import { createChart } from "./charts.js";
import { formatBytes, formatCount, formatDuration, formatNumber } from "./format.js";
import { bestOf, smoothed } from "./run-state.js";

/** Steps that the smoothed loss is a mean of, as a share of all. */
const SMOOTHED_SHARE = 1 / 30;

/**
 * An element with what stands in it.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Partial<Record<"class" | "aria-label", string>>} attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * @param {string} path the directory of the run
 * @param {{ hasCommand?: boolean }} [options] whether it says which command comes next
 */
export function createCard(path, { hasCommand = true } = {}) {
  const state = make("p", { class: "quiet" });
  const progress = make("progress", { "aria-label": "steps done" });
  const numbers = make("dl", {});
  const alerts = make("ul", { class: "alerts" });
  const loss = createChart("Loss", [
    { label: "training", color: "--line", width: 1 },
    { label: "smoothed", color: "--train" },
    { label: "held out", color: "--held-out", points: true },
  ]);
  loss.element.classList.add("wide");
  const rate = createChart("Learning rate", [{ label: "rate", color: "--train" }]);
  const speed = createChart("Tokens a second", [{ label: "tokens/s", color: "--train" }]);
  const charts = make("div", { class: "charts" });
  const norm = createChart("Gradient norm", [{ label: "norm", color: "--train" }]);
  charts.append(loss.element, rate.element, speed.element, norm.element);
  const answers = make("section", { class: "samples", "aria-label": "answers" });
  const memory = make("section", { "aria-label": "memory" });
  const command = make("p", { class: "command" });
  const element = make(
    "article",
    { "aria-label": path },
    make("div", { class: "title" }, make("h2", {}, path), state),
    progress,
    alerts,
    numbers,
    charts,
    answers,
    memory,
    command,
  );

  return {
    element,
    /** @param {RunState} run */
    show(run) {
      const { start, steps, evaluations, end } = run;
      const last = steps.at(-1);
      state.textContent = stateOf(run);
      progress.max = start?.totalSteps ?? 1;
      progress.value = last?.step ?? start?.startStep ?? 0;
      numbers.replaceChildren(...numbersOf(run));
      alerts.replaceChildren(...alertsOf(run, Date.now()).map((text) => make("li", {}, text)));
      alerts.hidden = alerts.childElementCount === 0;

      charts.hidden = steps.length + evaluations.length === 0;
      const [at, training, heldOut] = joined(run);
      const over = steps.length * SMOOTHED_SHARE;
      const smooth = smoothed(
        steps.map((each) => each.loss),
        over,
      );
      const bySteps = new Map(steps.map(({ step }, i) => [step, smooth[i] ?? null]));
      loss.show(
        at,
        training,
        at.map((step) => bySteps.get(step) ?? null),
        heldOut,
      );
      const stepNumbers = steps.map(({ step }) => step);
      rate.show(
        stepNumbers,
        steps.map((each) => each.learningRate),
      );
      speed.show(
        stepNumbers,
        steps.map((each) => each.tokensPerSecond),
      );
      norm.element.hidden = steps.every(({ gradNorm }) => gradNorm === undefined);
      if (!norm.element.hidden)
        norm.show(
          stepNumbers,
          steps.map((each) => each.gradNorm ?? null),
        );

      answers.replaceChildren(...answersOf(run));
      memory.replaceChildren(...memoryOf(run));
      const isModel = end !== undefined && evaluations.length > 0;
      command.replaceChildren(...(hasCommand ? commandOf(path, isModel, run) : []));
    },
  };
}

/** @param {RunState} run */
function stateOf({ start, steps, end }) {
  if (!start) return "not begun yet";
  const done = steps.at(-1);
  if (end) return `${end.reason} after ${formatDuration(end.elapsedMs)}`;
  if (!done) return "before the first step";
  return `step ${formatCount(done.step)} of ${formatCount(done.totalSteps)}, ${formatDuration(done.etaMs)} left`;
}

/** @param {RunState} run */
function numbersOf(run) {
  const { start, steps, evaluations } = run;
  if (!start) return [];
  const last = steps.at(-1);
  const best = bestOf(run);
  const trained = start.parameters.filter(({ frozen }) => !frozen);
  const compressed = trained.some((each) => each.compressed) ? ", gradients compressed" : "";
  const { method, optimizer, rank } = start.config;
  const ranked = `${String(method)}${typeof rank === "number" ? `, rank ${rank}` : ""}`;
  return [
    ["training loss", formatNumber(last?.loss)],
    ["held out, last", formatNumber(evaluations.at(-1)?.loss)],
    ["held out, best", best ? `${formatNumber(best.loss)} at ${formatCount(best.step)}` : "–"],
    ["perplexity", formatNumber(evaluations.at(-1)?.perplexity)],
    ["tokens a second", formatNumber(last?.tokensPerSecond)],
    ["model", `${start.modelType}, ${formatCount(start.parameterCount)} parameters`],
    ["method", ranked + compressed],
    ["optimizer", `${String(optimizer)}, rate ${formatNumber(start.learningRate)}`],
    ["data", start.data],
  ].map(([name = "", value = ""]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)));
}

/**
 * Training and held-out losses over the steps of both.
 *
 * @param {RunState} run
 * @returns {[number[], (number | null)[], (number | null)[]]}
 */
function joined({ steps, evaluations }) {
  const training = new Map(steps.map(({ step, loss }) => [step, loss]));
  const heldOut = new Map(evaluations.map(({ step, loss }) => [step, loss]));
  const at = [...new Set([...heldOut.keys(), ...training.keys()])].toSorted((a, b) => a - b);
  return [at, at.map((x) => training.get(x) ?? null), at.map((x) => heldOut.get(x) ?? null)];
}

/** @param {RunState} run */
function answersOf({ answers }) {
  if (!answers) return [];
  return [
    make("h3", {}, `Answers after step ${formatCount(answers.step)}`),
    ...answers.samples.map(({ prompt, output }) =>
      make(
        "div",
        {},
        make("p", { class: "quiet" }, prompt.trim()),
        make("p", {}, output.trim() || "(nothing)"),
      ),
    ),
  ];
}

/** @param {RunState} run */
function memoryOf({ start, steps, end }) {
  if (!start) return [];
  const { rows, alternatives, predictedTotal } = start.memory;
  const own = rows
    .filter(({ name }) => ["weights", "accumulators", "optimizer state"].includes(name))
    .reduce((sum, { predicted }) => sum + predicted, 0);
  const compared = [{ name: "this run", bytes: own }, ...alternatives];
  const most = Math.max(...compared.map(({ bytes }) => bytes));
  const measured = end?.memory.measuredTotal ?? steps.at(-1)?.residentBytes;
  // A browser tells no page what it takes.
  const total = `${formatBytes(predictedTotal)} predicted for the whole process${measured ? `, ${formatBytes(measured)} taken` : ""}`;
  const table = make("table", {});
  for (const { name, bytes } of compared) {
    const meter = make("meter", { "aria-label": name });
    meter.value = bytes / most;
    const row = table.insertRow();
    row.append(
      make("td", {}, name),
      make("td", { class: "bar" }, meter),
      make("td", { class: "number" }, formatBytes(bytes)),
    );
  }
  return [
    make("h3", {}, "Weights, gradients and optimizer state"),
    table,
    make("p", { class: "quiet" }, total),
  ];
}

/**
 * What can be done next, to be copied.
 *
 * @param {string} path
 * @param {boolean} isModel
 * @param {RunState} run
 */
function commandOf(path, isModel, { start, end }) {
  if (!start || !end) return [];
  const quoted = /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
  const finished = end.reason === "finished" && isModel;
  const verb = start.isChat ? "chat" : "generate";
  const words = finished
    ? `npx flora ${verb} --model ${quoted}`
    : `npx flora train --resume --output ${quoted}`;
  const copy = make("button", {}, "Copy");
  copy.type = "button";
  copy.addEventListener("click", () => {
    void navigator.clipboard.writeText(words).then(() => {
      copy.textContent = "Copied";
    });
  });
  return [make("code", {}, words), copy];
}

/**
 * Several runs beside each other.
 *
 * @param {readonly { path: string, run: RunState }[]} runs
 */
export function togetherOf(runs) {
  const head = ["run", "steps", "held out, best", "tokens a second", "memory"];
  const table = make("table", {});
  const names = table.createTHead().insertRow();
  names.append(
    ...head.map((name, i) => {
      const cell = make("th", { class: i === 0 ? "" : "number" }, name);
      cell.scope = "col";
      return cell;
    }),
  );
  const body = table.createTBody();
  for (const { path, run } of runs) {
    const last = run.steps.at(-1);
    const cells = [
      formatCount(last?.step ?? 0),
      formatNumber(bestOf(run)?.loss),
      formatNumber(last?.tokensPerSecond),
      last ? formatBytes(run.end?.memory.measuredTotal ?? last.residentBytes) : "–",
    ];
    body
      .insertRow()
      .append(make("td", {}, path), ...cells.map((text) => make("td", { class: "number" }, text)));
  }
  return table;
}
