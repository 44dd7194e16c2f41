import { defineConfig, type ViteUserConfig } from "vitest/config";

/** The long suite: some minutes, and no part of `npm test`. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: ["test/reliability/*.long.ts"],
    testTimeout: 3_600_000,
    pool: "forks",
    reporters: ["verbose"],
  },
});
export default config;
