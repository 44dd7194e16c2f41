import { defineConfig, type ViteUserConfig } from "vitest/config";
import { missingData } from "./test/support/missing-data.ts";

const config: ViteUserConfig = defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: "forks",
    reporters: ["default", missingData],
  },
});
export default config;
