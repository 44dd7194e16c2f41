import {
  defineConfig,
  type TestProjectInlineConfiguration,
  type ViteUserConfig,
} from "vitest/config";

/** Tests of models against transformers, which run in a tab as they are. */
const MODELS = ["gpt2", "encoders/bert", "rotary/decoder/rotary-decoder", "t5/t5"];

/** Those tests on a runtime of Chromium, whose kernels all of them share. */
const models = (device: "wasm" | "webgpu"): TestProjectInlineConfiguration => ({
  extends: true,
  test: {
    name: device,
    include: MODELS.map((name) => `test/models/architectures/${name}.test.ts`),
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
      models("wasm"),
      models("webgpu"),
    ],
  },
});
export default config;
