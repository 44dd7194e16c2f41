/** @file Numbers as people read them. */

/** "512 B", "7.1 MB": powers of 1000, one decimal. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"] as const;
  // Rounding first, so that 999,950 B reads 1.0 MB and not 1000.0 kB.
  const power = units.findLastIndex(
    (_, i) => i === 0 || Math.abs(bytes) >= 999.95 * 1000 ** (i - 1),
  );
  if (power === 0) return `${Math.round(bytes)} B`;
  return `${(bytes / 1000 ** power).toFixed(1)} ${units[power]}`;
}

/** "28,000". */
export const formatCount = (count: number): string => Math.round(count).toLocaleString("en-US");

/** "0.0123", "150", "3.0e-5": a number of any size, in three digits or with a power of ten. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(1);
  return size >= 1000 ? formatCount(value) : String(Number(value.toPrecision(3)));
}

/** "12.3 k", "85": three digits that matter. */
export function formatRate(value: number): string {
  const units = ["", " k", " M", " G"] as const;
  const power = units.findLastIndex((_, i) => i === 0 || value >= 999.5 * 1000 ** (i - 1));
  const scaled = value / 1000 ** power;
  return `${scaled.toFixed(scaled < 99.95 && (power > 0 || scaled < 9.95) ? 1 : 0)}${units[power]}`;
}

/** "420 ms", "42 s", "1 min 42 s", "2 h 5 min". */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 9950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return joinUnits(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.round(seconds / 60);
  return joinUnits(Math.floor(minutes / 60), "h", minutes % 60, "min");
}

/** "1:42", "2:05:00", for where space is short. */
export function formatClock(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const start = hours > 0 ? `${hours}:${twoDigits(minutes)}` : String(minutes);
  return `${start}:${twoDigits(seconds % 60)}`;
}

/** A share from 0 to 1 as "3.1 %". */
export const formatPercent = (share: number): string =>
  Number.isFinite(share) ? `${(share * 100).toFixed(1)} %` : "-";

/** A relative deviation as "+3.1 %", "-0.5 %", "0.0 %". */
export function formatDeviation(share: number): string {
  const percent = (share * 100).toFixed(1);
  if (Number(percent) === 0) return "0.0 %";
  return `${share > 0 ? "+" : ""}${percent} %`;
}

/** "[768, 2304]". */
export const formatShape = (shape: readonly number[]): string => `[${shape.join(", ")}]`;

const joinUnits = (major: number, majorUnit: string, minor: number, minorUnit: string): string =>
  minor === 0 ? `${major} ${majorUnit}` : `${major} ${majorUnit} ${minor} ${minorUnit}`;

const twoDigits = (value: number): string => String(value).padStart(2, "0");
