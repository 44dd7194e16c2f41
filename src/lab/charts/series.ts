/**
 * @file How a series looks. Colours are those of Okabe & Ito ("Color universal design", 2008), which
 * people with any colour vision tell apart, without the yellow that white paper swallows; marks and
 * dashes tell the same in grey.
 */

import { decimal, element } from "./xml.ts";

/** A point of the picture. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

type Kind = "line" | "dashed" | "marks";

/** A series in the coordinates of the picture; undefined is a gap. */
export interface PlacedSeries {
  readonly kind: Kind;
  readonly path: readonly (Place | undefined)[];
  readonly band: readonly {
    readonly low: Place | undefined;
    readonly high: Place | undefined;
  }[];
}

export interface Look {
  readonly kind: Kind;
  /** Undefined for that of the text. */
  readonly color: string | undefined;
  readonly mark: Mark;
  /** Undefined for a solid line. */
  readonly dash: string | undefined;
  /** Whether the line carries marks. */
  readonly isMarked: boolean;
}

/** What the marks and lines of a series stand out from. */
export interface Ground {
  readonly paper: string;
  readonly ink: string;
}

/** What tells the i-th series from the others. */
export function seriesLook(all: readonly { readonly kind: Kind }[], i: number): Look {
  const kind = all[i]?.kind ?? "line";
  const dashes = all.slice(0, i).filter((series) => series.kind === "dashed").length;
  const lines = all.filter((series) => series.kind !== "marks").length;
  return {
    kind,
    color: COLORS[i % COLORS.length],
    mark: MARKS[i % MARKS.length] ?? "circle",
    dash: kind === "dashed" ? DASHES[dashes % DASHES.length] : undefined,
    isMarked: kind === "marks" || lines > 1,
  };
}

/**
 * Bands beneath lines beneath marks.
 *
 * @param width - of the plot
 */
export function drawSeries(all: readonly PlacedSeries[], width: number, ground: Ground): string[] {
  const looked = all.map((series, i) => ({ ...series, look: seriesLook(all, i) }));
  return [
    ...looked.flatMap(({ band, look }) => drawBand(band, colorOf(look, ground))),
    ...looked.flatMap(({ path, look }) => drawLine(path, look, ground)),
    ...looked.flatMap(({ path, look }, i) =>
      marked(path, look, { every: width / 6, start: (i / all.length) * (width / 6) }).map((place) =>
        drawMark(look, place, ground),
      ),
    ),
  ];
}

/** The sign of a series in the legend, centred on y = 0. */
export function swatch(look: Look, width: number, ground: Ground): string {
  const line = look.kind === "marks" ? "" : stroke(`M0 0H${width}`, look, ground);
  const mark = look.isMarked ? drawMark(look, { x: width / 2, y: 0 }, ground) : "";
  return element("g", {}, line, mark);
}

const colorOf = ({ color }: Look, { ink }: Ground): string => color ?? ink;

const COLORS = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#e69f00",
  "#56b4e9",
  undefined,
] as const;
const DASHES = ["7 4", "2 3", "10 3 2 3", "12 6"] as const;
/** Coprime in number with the colours: 56 series look different. */
const MARKS = ["circle", "square", "triangle", "diamond", "plus", "down", "ring", "cross"] as const;
type Mark = (typeof MARKS)[number];

/** Outlines around the origin. */
const OUTLINES: Readonly<Record<Mark, string>> = {
  circle: "M-4 0A4 4 0 1 1 4 0A4 4 0 1 1 -4 0Z",
  square: "M-3.6 -3.6H3.6V3.6H-3.6Z",
  triangle: "M0 -4.8L4.6 3.4H-4.6Z",
  diamond: "M0 -5.2L4.4 0L0 5.2L-4.4 0Z",
  plus: "M-1.6 -4.8H1.6V-1.6H4.8V1.6H1.6V4.8H-1.6V1.6H-4.8V-1.6H-1.6Z",
  down: "M0 4.8L4.6 -3.4H-4.6Z",
  ring: "M-4.4 0A4.4 4.4 0 1 1 4.4 0A4.4 4.4 0 1 1 -4.4 0ZM-2 0A2 2 0 1 0 2 0A2 2 0 1 0 -2 0Z",
  cross:
    "M-4.5 -2.3L-2.3 -4.5L0 -2.2L2.3 -4.5L4.5 -2.3L2.2 0L4.5 2.3L2.3 4.5L0 2.2L-2.3 4.5L-4.5 2.3L-2.2 0Z",
};

/** Up to this many points, each is marked. */
const FEW = 12;

const drawMark = (look: Look, { x, y }: Place, ground: Ground): string =>
  element("path", {
    d: OUTLINES[look.mark],
    transform: `translate(${decimal(x)} ${decimal(y)})`,
    fill: colorOf(look, ground),
    stroke: ground.paper,
    "stroke-width": 1,
    "paint-order": "stroke",
  });

/** The places of a path that get a mark. */
function marked(
  path: readonly (Place | undefined)[],
  { kind, isMarked }: Look,
  { every, start }: { readonly every: number; readonly start: number },
): Place[] {
  const places = path.filter((place) => place !== undefined);
  if (kind === "marks" || (isMarked && places.length <= FEW)) return places;
  // A point between two gaps has no line, and would not be seen.
  const lonely = runsOf(path).flatMap((run) => (run.length === 1 ? run : []));
  if (!isMarked) return lonely;
  let next = (places[0]?.x ?? 0) + start;
  const spaced = places.filter(({ x }) => {
    if (x < next) return false;
    next += every * Math.ceil((x - next + 1) / every);
    return true;
  });
  return [...new Set([...spaced, ...lonely])];
}

function drawLine(path: readonly (Place | undefined)[], look: Look, ground: Ground): string[] {
  if (look.kind === "marks") return [];
  const d = runsOf(path)
    .filter((run) => run.length > 1)
    .map((run) => polyline(run))
    .join("");
  return d === "" ? [] : [stroke(d, look, ground)];
}

const stroke = (d: string, look: Look, ground: Ground): string =>
  element("path", {
    d,
    fill: "none",
    stroke: colorOf(look, ground),
    "stroke-width": 2,
    "stroke-linejoin": "round",
    "stroke-dasharray": look.dash,
  });

function drawBand(band: PlacedSeries["band"], color: string): string[] {
  const whole = band.map(({ low, high }) => (low && high ? { low, high } : undefined));
  return runsOf(whole).map((run) => {
    const forth = run.map(({ high }) => high);
    const back = run.map(({ low }) => low).toReversed();
    return element("path", {
      d: `${polyline([...forth, ...back])}Z`,
      fill: color,
      "fill-opacity": "0.18",
      // A band at a single x has no area.
      stroke: run.length === 1 ? color : undefined,
      "stroke-opacity": run.length === 1 ? "0.5" : undefined,
      "stroke-width": run.length === 1 ? 3 : undefined,
    });
  });
}

const polyline = (places: readonly Place[]): string =>
  places.map(({ x, y }, i) => `${i === 0 ? "M" : "L"}${decimal(x)} ${decimal(y)}`).join("");

/** The parts between gaps. */
function runsOf<T>(path: readonly (T | undefined)[]): T[][] {
  const runs: T[][] = [[]];
  for (const item of path) {
    if (item === undefined) runs.push([]);
    else runs.at(-1)?.push(item);
  }
  return runs.filter((run) => run.length > 0);
}
