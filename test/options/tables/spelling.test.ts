import { expect, it } from "vitest";
import { asFlag, camelCase, kebabCase } from "../../../src/options/tables/spelling.ts";

it("converts between kebab-case and camelCase", () => {
  expect(kebabCase("maxGradNorm")).toBe("max-grad-norm");
  expect(camelCase("max-grad-norm")).toBe("maxGradNorm");
  expect(camelCase("model.layer-norm")).toBe("model.layer-norm");
  expect(kebabCase("rankPattern.c_A")).toBe("rank-pattern.c_A");
});

it("writes an option as on the command line", () => {
  expect(asFlag("maxGradNorm")).toBe("--max-grad-norm");
  expect(asFlag("task", "classify")).toBe("--task classify");
});
