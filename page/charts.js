/** @file Charts of numbers over steps, drawn by uPlot, which the page loads before, in the colours of the page. */

/// <reference types="uplot" />

import { formatNumber } from "./format.js";

/**
 * @typedef {object} Line
 * @property {string} label
 * @property {string} color a variable of the style sheet
 * @property {boolean} [points] points instead of a line
 * @property {number} [width]
 */

const HEIGHT = 240;

/** @param {string} name */
const colorOf = (name) => getComputedStyle(document.body).getPropertyValue(name);

/**
 * A chart that takes the width it is given, and new numbers as they come.
 *
 * @param {string} title
 * @param {readonly Line[]} lines
 */
export function createChart(title, lines) {
  const figure = document.createElement("figure");
  const heading = document.createElement("h3");
  heading.textContent = title;
  const canvas = document.createElement("div");
  canvas.setAttribute("role", "img");
  figure.append(heading, canvas);
  /** @type {uPlot | undefined} */
  let plot;
  /** @type {uPlot.AlignedData} */
  let shown = [[], ...lines.map(() => [])];

  const draw = () => {
    plot?.destroy();
    plot = new uPlot(options(canvas.clientWidth, lines), shown, canvas);
  };
  new ResizeObserver(() => {
    const width = canvas.clientWidth;
    if (plot && width > 0 && width !== plot.width) plot.setSize({ width, height: HEIGHT });
  }).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  return {
    element: figure,
    /**
     * @param {readonly number[]} steps
     * @param {readonly (readonly (number | null)[])[]} values a list for each line
     */
    show(steps, ...values) {
      shown = [[...steps], ...values.map((each) => [...each])];
      canvas.setAttribute("aria-label", inWords(title, lines, shown));
      if (plot) plot.setData(shown);
      else if (canvas.isConnected) draw();
    },
  };
}

/**
 * @param {number} width
 * @param {readonly Line[]} lines
 * @returns {uPlot.Options}
 */
function options(width, lines) {
  const [ink, grid] = [colorOf("--quiet"), colorOf("--line")];
  const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  return {
    width: Math.max(200, width),
    height: HEIGHT,
    scales: { x: { time: false } },
    axes: [
      axis,
      { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => formatNumber(tick)) },
    ],
    series: [
      { label: "step" },
      ...lines.map(({ label, color, points = false, width: thickness = 2 }) => ({
        label,
        stroke: colorOf(color),
        width: thickness,
        spanGaps: true,
        points: { show: points, size: 7, fill: colorOf(color) },
        value: (/** @type {uPlot} */ _, /** @type {number | null} */ value) =>
          value === null ? "–" : formatNumber(value),
      })),
    ],
  };
}

/**
 * What a chart shows, for who does not see it.
 *
 * @param {string} title
 * @param {readonly Line[]} lines
 * @param {uPlot.AlignedData} data
 */
function inWords(title, lines, [steps, ...values]) {
  const ends = lines.map(({ label }, i) => {
    const last = Array.from(values[i] ?? []).findLast((value) => value !== null);
    return `${label} ${formatNumber(last ?? undefined)}`;
  });
  return `${title} up to step ${steps.at(-1) ?? 0}: ${ends.join(", ")}`;
}
