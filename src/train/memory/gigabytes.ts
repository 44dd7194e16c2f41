/** @file Bytes in words. */

/** "270 MB", "13.5 GB". */
export const gigabytes = (bytes: number): string =>
  bytes < 1e9
    ? `${(bytes / 1e6).toFixed(0)} MB`
    : `${(bytes / 1e9).toLocaleString("en-US", { maximumSignificantDigits: 3 })} GB`;
