import { defineConfig, type ViteUserConfig } from "vitest/config";

/** What runs in Chromium: `npm run test:browser`. */
const config: ViteUserConfig = defineConfig({
  test: { include: ["test/chromium/*.browser.ts"], testTimeout: 300_000, hookTimeout: 60_000 },
});
export default config;
