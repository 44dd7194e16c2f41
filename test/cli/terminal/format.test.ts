import { expect, it } from "vitest";
import {
  formatBytes,
  formatClock,
  formatCount,
  formatDeviation,
  formatDuration,
  formatNumber,
  formatPercent,
  formatRate,
} from "../../../src/cli/terminal/format.ts";

it.each([
  [0, "0 B"],
  [999, "999 B"],
  [999.96, "1.0 kB"],
  [1000, "1.0 kB"],
  [999_949, "999.9 kB"],
  [999_950, "1.0 MB"],
  [7_077_888, "7.1 MB"],
  [1.5e9, "1.5 GB"],
  [2.5e15, "2500.0 TB"],
])("formats %d bytes", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it.each([
  [0, "0 ms"],
  [420.4, "420 ms"],
  [999.6, "1.0 s"],
  [9949, "9.9 s"],
  [42_000, "42 s"],
  [59_600, "1 min"],
  [102_000, "1 min 42 s"],
  [3_599_600, "1 h"],
  [7_500_000, "2 h 5 min"],
])("formats %d ms", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

it.each([
  [9_400, "0:09"],
  [102_000, "1:42"],
  [7_500_000, "2:05:00"],
])("formats %d ms as a clock", (ms, text) => {
  expect(formatClock(ms)).toBe(text);
});

it.each([
  [0.44, "0.4"],
  [9.97, "10"],
  [85.2, "85"],
  [999.4, "999"],
  [999.6, "1.0 k"],
  [12_345, "12.3 k"],
  [123_456, "123 k"],
  [2.5e6, "2.5 M"],
])("formats a rate of %d", (rate, text) => {
  expect(formatRate(rate)).toBe(text);
});

it("formats counts and shares", () => {
  expect(formatCount(1_234_567)).toBe("1,234,567");
  expect(formatPercent(0.0314)).toBe("3.1 %");
  expect(formatPercent(Number.NaN)).toBe("-");
  expect([0.031, -0.005, 0.0001, -0.0001].map(formatDeviation)).toEqual([
    "+3.1 %",
    "-0.5 %",
    "0.0 %",
    "0.0 %",
  ]);
});

it.each([
  [0, "0"],
  [0.012345, "0.0123"],
  [150, "150"],
  [-2.5, "-2.5"],
  [12_345, "12,345"],
  [3e-5, "3.0e-5"],
  [2.5e6, "2.5e+6"],
])("formats the number %d", (value, text) => {
  expect(formatNumber(value)).toBe(text);
});
