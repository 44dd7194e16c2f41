import {
  defineConfig,
  type TestProjectInlineConfiguration,
  type ViteUserConfig,
} from "vitest/config";
import { isShort } from "./test/support/extent.ts";
import { REFERENCES } from "./test/support/references.ts";

/** Tests against goldens as they are, on a runtime of Chromium, whose kernels all of them share. */
const references = (device: "wasm" | "webgpu"): TestProjectInlineConfiguration => ({
  extends: true,
  test: {
    name: device,
    include: isShort ? ["test/models/architectures/gpt2.test.ts"] : [...REFERENCES],
    isolate: false,
    env: { FLORA_TEST_IN: "chromium", FLORA_TEST_DEVICE: device },
  },
});

/** What runs in Chromium: `npm run test:browser`. */
const config: ViteUserConfig = defineConfig({
  test: {
    testTimeout: 300_000,
    hookTimeout: 60_000,
    fileParallelism: false,
    projects: [
      { extends: true, test: { name: "chromium", include: ["test/chromium/*.browser.ts"] } },
      references("wasm"),
      references("webgpu"),
    ],
  },
});
export default config;
