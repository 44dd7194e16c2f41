/** Tests against goldens, which run on every runtime; those of operators (test/ops, test/chromium) know of more than one themselves. */
export const REFERENCES: readonly string[] = [
  "test/models/architectures/**/*.test.ts",
  "test/nn/**/*.test.ts",
  "test/optim/**/*.test.ts",
  "test/compress/**/*.test.ts",
  "test/random/**/*.test.ts",
];
