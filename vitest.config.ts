import { availableParallelism } from "node:os";
import { defineConfig, type ViteUserConfig } from "vitest/config";
import { missingData } from "./test/support/missing-data.ts";
import { REFERENCES } from "./test/support/references.ts";

/** Tests that have a process for each file: they train whole runs, look at its memory, or change what it has but one of. */
const ALONE = [
  ...["e2e", "train", "engine", "export", "cli", "runtime", "lab/dynamics", "lab/compare"].map(
    (folder) => `test/${folder}/**/*.test.ts`,
  ),
  "test/data/streaming.test.ts",
  "test/weights/directory.test.ts",
  "test/weights/files/safetensors.test.ts",
];

const config: ViteUserConfig = defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    // Vitest would leave a core to itself.
    maxWorkers: availableParallelism(),
    reporters: ["default", missingData],
    projects: [
      { extends: true, test: { name: "alone", include: ALONE } },
      {
        extends: true,
        // Loading the sources takes longer than most of these tests: files share a process.
        test: { name: "together", include: ["test/**/*.test.ts"], exclude: ALONE, isolate: false },
      },
      {
        extends: true,
        test: {
          name: "wasm",
          include: [...REFERENCES],
          isolate: false,
          env: { FLORA_TEST_DEVICE: "wasm" },
        },
      },
    ],
  },
});
export default config;
