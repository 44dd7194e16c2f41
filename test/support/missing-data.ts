/** Says at the end of a run which tests were skipped because there are no real files: data.ts. */

import { stdout } from "node:process";
import type { Reporter } from "vitest/node";
import { DATA } from "./data.ts";

export const missingData: Reporter = {
  onTestRunEnd(modules) {
    const files = modules
      .map(({ relativeModuleId: file, children }) => {
        const skipped = [...children.allTests("skipped")];
        return { file, count: skipped.filter((test) => test.meta().missing !== undefined).length };
      })
      .filter(({ count }) => count > 0)
      .toSorted((a, b) => a.file.localeCompare(b.file));
    const total = files.reduce((sum, { count }) => sum + count, 0);
    if (total === 0) return;
    const lines = files.map(({ file, count }) => `  ${file} (${count})\n`);
    const cases = total === 1 ? "1 case needs" : `${total} cases need`;
    stdout.write(`${cases} ${DATA}, which is missing, and did not run:\n${lines.join("")}\n`);
  },
};
