/** @file An array of tokens that grows: in blocks, so that what is there is not copied again and again. */

const BLOCK = 2 ** 18;

/** Tokens that become one array when all have come. */
export interface TokenBuffer {
  /** Adds a copy of tokens at the end. */
  push(ids: Int32Array): void;
  /** All tokens, as one array. The buffer is empty then. */
  take(): Int32Array;
}

/** An empty buffer. */
export function tokenBuffer(): TokenBuffer {
  let full: Int32Array[] = [];
  let block = new Int32Array(0);
  let used = 0;
  return {
    push(ids) {
      for (let from = 0; from < ids.length;) {
        if (used === block.length) {
          if (used > 0) full.push(block);
          [block, used] = [new Int32Array(BLOCK), 0];
        }
        const part = ids.subarray(from, from + block.length - used);
        block.set(part, used);
        used += part.length;
        from += part.length;
      }
    },
    take() {
      const blocks = [...full, block.subarray(0, used)];
      [full, block, used] = [[], new Int32Array(0), 0];
      const tokens = new Int32Array(blocks.reduce((sum, { length }) => sum + length, 0));
      let offset = 0;
      for (const each of blocks) {
        tokens.set(each, offset);
        offset += each.length;
      }
      return tokens;
    },
  };
}
