import { describe, expect, it } from "vitest";
import { createTransferDisplay } from "../../../src/cli/reports/transfer.ts";

/** A display whose clock the test turns; what it wrote, in order. */
function createDisplay(isTerminal: boolean) {
  const written: string[] = [];
  let time = 0;
  const output = {
    write: (text: string) => void written.push(text),
    isTerminal,
    width: 60,
    color: false,
  };
  const display = createTransferDisplay(output, () => time);
  return {
    written,
    end: display.end,
    show(file: string, bytes: number, at: number) {
      time = at;
      display.show({ type: "transfer", file, bytes, totalBytes: 10_000_000 });
    },
    notice: (message: string) => display.show({ type: "notice", message }),
  };
}

const CLEAR = "\r\u001B[K";

describe("a transfer in a terminal", () => {
  it("is one line, redrawn now and then, that becomes the name and size of the file", () => {
    const { show, written } = createDisplay(true);
    show("a.bin", 0, 0);
    show("a.bin", 1_000_000, 10);
    show("a.bin", 2_000_000, 1000);
    show("a.bin", 10_000_000, 1010);
    expect(written).toEqual([
      `${CLEAR}a.bin  0 B of 10.0 MB  0.0 %`,
      `${CLEAR}a.bin  2.0 MB of 10.0 MB  20.0 %  2.0 MB/s  ETA 0:04`,
      CLEAR,
      "a.bin  10.0 MB\n",
    ]);
  });

  it("that goes on counts the speed from there, and gives way to a notice or an error", () => {
    const { show, notice, end, written } = createDisplay(true);
    show("a.bin", 5_000_000, 0);
    show("a.bin", 6_000_000, 500);
    notice("something");
    end();
    expect(written.slice(1)).toEqual([
      `${CLEAR}a.bin  6.0 MB of 10.0 MB  60.0 %  2.0 MB/s  ETA 0:02`,
      CLEAR,
      "something\n",
    ]);
  });

  it("is no wider than the terminal", () => {
    const { show, written } = createDisplay(true);
    show(`${"long".repeat(30)}.bin`, 0, 0);
    expect(written.join("").slice(CLEAR.length).length).toBeLessThan(60);
  });
});

it("a transfer elsewhere is a line for each file, and one every ten seconds", () => {
  const { show, written } = createDisplay(false);
  show("a.bin", 0, 0);
  show("a.bin", 1_000_000, 9000);
  show("a.bin", 2_000_000, 10_000);
  show("a.bin", 3_000_000, 19_000);
  show("a.bin", 10_000_000, 19_500);
  show("b.bin", 10_000_000, 19_600);
  expect(written).toEqual([
    "a.bin  2.0 MB of 10.0 MB  20.0 %  200.0 kB/s  ETA 0:40\n",
    "a.bin  10.0 MB\n",
    "b.bin  10.0 MB\n",
  ]);
});
