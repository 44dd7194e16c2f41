/**
 * @file The folders of src/ as a picture: each stands above all that it imports, and a line goes up from what is imported to who imports
 * it. Lines that follow from others are left out (transitive reduction).
 *
 * Layers, then the order within them by the means of neighbours, then places: Sugiyama, Tagawa & Toda, IEEE Trans. SMC 11(2), 1981.
 * All lines from one folder share a trunk.
 */

import type { Folder } from "./rooms.ts";

const FONT = { name: 14, small: 10.5, nameWidth: 8.6, smallWidth: 5.6 };
const BOX = { height: 62, gap: 22, padding: 12 };
const LEVEL_HEIGHT = 118;
const MARGIN = 24;
const TRUNK = 18;
const SWEEPS = 60;

/** A folder in its layer, or the trunk of one on its way through a layer. */
interface Place {
  readonly folder: Folder;
  readonly isTrunk: boolean;
  readonly level: number;
  readonly width: number;
  /** What it is linked to one layer above. */
  readonly above: Place[];
  readonly below: Place[];
  x: number;
}

export function drawRooms(folders: readonly Folder[]): string {
  const layers = order(layersOf(folders));
  for (let sweep = 0; sweep < SWEEPS; sweep++) settle(layers, sweep);
  const places = layers.flat();
  const left = Math.min(...places.map(({ x, width }) => x - width / 2));
  for (const place of places) place.x += MARGIN - left;
  const width = Math.max(...places.map((place) => place.x + place.width / 2)) + MARGIN;
  const height = (layers.length - 1) * LEVEL_HEIGHT + BOX.height + 2 * MARGIN;
  const top = (level: number) => MARGIN + (layers.length - 1 - level) * LEVEL_HEIGHT;
  const lines = places.flatMap((place) => place.above.map((above) => line(place, above, top)));
  const boxes = places.filter(({ isTrunk }) => !isTrunk).map((place) => box(place, top));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${round(width)} ${height}" width="${round(width)}" height="${height}" font-family="Arial, Helvetica, sans-serif" text-anchor="middle">`,
    "<title>The folders of src/, each above what it imports</title>",
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<g fill="none" stroke="#8a94a6" stroke-width="1.3">`,
    ...lines,
    "</g>",
    ...boxes,
    "</svg>",
    "",
  ].join("\n");
}

/** The layer of each folder: one above the highest that it imports; what imports nothing stands below the first who imports it. */
function levelsOf(folders: readonly Folder[]): ReadonlyMap<string, number> {
  const levels = new Map<string, number>();
  // Folders come from the ground up by their first room, so what is imported may come later.
  const levelOf = (name: string): number => {
    const known = levels.get(name);
    if (known !== undefined) return known;
    const imports = folders.find((folder) => folder.name === name)?.imports ?? [];
    const level = Math.max(-1, ...[...imports].map(levelOf)) + 1;
    levels.set(name, level);
    return level;
  };
  for (const { name } of folders) levelOf(name);
  for (const { name, imports } of folders) {
    const importers = folders.filter((other) => other.imports.has(name));
    if (imports.size > 0 || importers.length === 0) continue;
    levels.set(name, Math.min(...importers.map((other) => levelOf(other.name))) - 1);
  }
  return levels;
}

/** The imports of a folder that do not follow from its other imports. */
function directImports(folders: readonly Folder[], { imports }: Folder): readonly string[] {
  const reached = new Set<string>();
  const visit = (name: string): void => {
    for (const next of folders.find((folder) => folder.name === name)?.imports ?? []) {
      if (reached.has(next)) continue;
      reached.add(next);
      visit(next);
    }
  };
  for (const name of imports) visit(name);
  return [...imports].filter((name) => !reached.has(name));
}

function layersOf(folders: readonly Folder[]): Place[][] {
  const levels = levelsOf(folders);
  const layers: Place[][] = Array.from({ length: Math.max(...levels.values()) + 1 }, () => []);
  const place = (folder: Folder, level: number, isTrunk: boolean): Place => {
    const width = isTrunk ? TRUNK : boxWidth(folder);
    const made: Place = { folder, isTrunk, level, width, above: [], below: [], x: 0 };
    layers[level]?.push(made);
    return made;
  };
  const boxes = new Map(
    folders.map((folder) => [folder.name, place(folder, levels.get(folder.name) ?? 0, false)]),
  );
  const importers = new Map<string, Place[]>();
  for (const folder of folders) {
    const own = boxes.get(folder.name);
    for (const name of directImports(folders, folder)) {
      importers.set(name, [...(importers.get(name) ?? []), ...(own ? [own] : [])]);
    }
  }
  for (const [name, those] of importers) {
    let last = boxes.get(name);
    const highest = Math.max(...those.map(({ level }) => level));
    while (last && last.level < highest) {
      const { folder, level } = last;
      for (const other of those) if (other.level === level + 1) link(last, other);
      const next = level + 1 < highest ? place(folder, level + 1, true) : undefined;
      if (next) link(last, next);
      last = next;
    }
  }
  return layers;
}

function link(below: Place, above: Place): void {
  below.above.push(above);
  above.below.push(below);
}

/** The order within layers that has the fewest crossings of those that sweeps up and down find. */
function order(layers: Place[][]): Place[][] {
  let best = layers.map((layer) => layer.slice());
  let fewest = Infinity;
  let now = best;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isUp = sweep % 2 === 0;
    const next = now.map((layer) => layer.slice());
    const levels = [...next.keys()];
    for (const level of isUp ? levels : levels.toReversed()) {
      const beside = next[level + (isUp ? -1 : 1)];
      if (!beside) continue;
      const center = (place: Place, own: number): number => {
        const others = isUp ? place.below : place.above;
        const at = others.map((other) => beside.indexOf(other) / beside.length);
        return at.length === 0 ? own : at.reduce((sum, i) => sum + i, 0) / at.length;
      };
      const layer = next[level] ?? [];
      const centers = new Map(layer.map((each, i) => [each, center(each, i / layer.length)]));
      next[level] = layer.toSorted((a, b) => (centers.get(a) ?? 0) - (centers.get(b) ?? 0));
    }
    now = next;
    const count = crossings(now);
    if (count >= fewest) continue;
    fewest = count;
    best = now;
  }
  return best;
}

const crossings = (layers: Place[][]): number =>
  layers.reduce((sum, layer, level) => {
    const ends = layer.flatMap(({ above }, i) =>
      above.map((other) => [i, layers[level + 1]?.indexOf(other) ?? 0] as const),
    );
    const crossed = ends.flatMap(([a, b], k) =>
      ends.slice(k + 1).filter(([c, d]) => (a - c) * (b - d) < 0),
    );
    return sum + crossed.length;
  }, 0);

/** Moves all places towards their neighbours without a change of order. */
function settle(layers: Place[][], sweep: number): void {
  for (const layer of sweep % 2 === 0 ? layers : layers.toReversed()) {
    const offsets: number[] = [];
    let end = 0;
    for (const { width } of layer) {
      offsets.push(end + width / 2);
      end += width + BOX.gap;
    }
    const wanted = layer.map((place, i) => {
      const others = [...place.above, ...place.below];
      const mean = others.reduce((sum, { x }) => sum + x, 0) / others.length;
      return (others.length === 0 ? place.x : mean) - (offsets[i] ?? 0);
    });
    for (const [i, start] of increasing(wanted).entries()) {
      const place = layer[i];
      if (place) place.x = start + (offsets[i] ?? 0);
    }
  }
}

/** The numbers that grow and are nearest to these: neighbours in the wrong order take their mean. */
function increasing(numbers: readonly number[]): readonly number[] {
  const blocks: { sum: number; count: number }[] = [];
  for (const number of numbers) {
    let block = { sum: number, count: 1 };
    for (let last = blocks.at(-1); last; last = blocks.at(-1)) {
      if (last.sum / last.count <= block.sum / block.count) break;
      blocks.pop();
      block = { sum: last.sum + block.sum, count: last.count + block.count };
    }
    blocks.push(block);
  }
  return blocks.flatMap(({ sum, count }) => Array.from({ length: count }, () => sum / count));
}

const subtitles = ({ files, rooms }: Folder): readonly string[] => {
  const words = rooms.map((room) => room.split("/").at(-1) ?? room);
  const half = words.length > 3 ? Math.ceil(words.length / 2) : words.length;
  const rows = [words.slice(0, half), words.slice(half)].filter((row) => row.length > 0);
  return [`${files} ${files === 1 ? "file" : "files"}`, ...rows.map((row) => row.join(" · "))];
};

function boxWidth(folder: Folder): number {
  const texts = subtitles(folder).map((text) => text.length * FONT.smallWidth);
  return Math.max(64, folder.name.length * FONT.nameWidth, ...texts) + BOX.padding;
}

function box({ folder, level, width, x }: Place, top: (level: number) => number): string {
  const y = top(level);
  const texts = subtitles(folder);
  const first = y + BOX.height / 2 - texts.length * 6.5 + 5;
  return [
    `<rect x="${round(x - width / 2)}" y="${y}" width="${round(width)}" height="${BOX.height}" rx="6" fill="#f3f6fb" stroke="#3d4a63"/>`,
    `<text x="${round(x)}" y="${round(first)}" font-size="${FONT.name}" font-weight="bold" fill="#111827">${folder.name}</text>`,
    ...texts.map(
      (text, i) =>
        `<text x="${round(x)}" y="${round(first + 13 * (i + 1))}" font-size="${FONT.small}" fill="#4b5563">${text}</text>`,
    ),
  ].join("\n");
}

/** From the top of a box to the bottom of one above; a trunk goes on straight through its layer. */
function line(from: Place, to: Place, top: (level: number) => number): string {
  const start = top(from.level);
  const end = top(to.level) + BOX.height;
  const middle = (start + end) / 2;
  const through = to.isTrunk ? ` V${top(to.level)}` : "";
  const [x, y] = [round(from.x), round(to.x)];
  return `<path d="M${x} ${start} C${x} ${middle} ${y} ${middle} ${y} ${end}${through}"/>`;
}

const round = (x: number): number => Math.round(x * 10) / 10;
