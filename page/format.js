/** @file Numbers as the page writes them. */

/** @param {number} count */
export const formatCount = (count) => count.toLocaleString("en-US", { maximumFractionDigits: 0 });

/** @param {number | undefined} value to four digits, "–" without one */
export function formatNumber(value) {
  if (value === undefined) return "–";
  if (!Number.isFinite(value)) return String(value);
  const isPlain = value === 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5);
  return isPlain ? String(Number(value.toPrecision(4))) : value.toExponential(1);
}

/** @param {number} bytes */
export function formatBytes(bytes) {
  const [unit, name] = bytes < 1e9 ? [1e6, "MB"] : [1e9, "GB"];
  return `${(bytes / unit).toLocaleString("en-US", { maximumSignificantDigits: 3 })} ${name}`;
}

/** @param {number} ms */
export function formatDuration(ms) {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
