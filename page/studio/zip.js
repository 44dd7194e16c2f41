/**
 * @file A zip file of files as they are, in the form that every program opens (PKWARE APPNOTE 6.3): stored, below 4 GB. The files stay
 * where they are until the zip file is written to disk.
 */

const LARGEST = 2 ** 32 - 1;
const PART_BYTES = 2 ** 24;
/** "UTF-8 names", and the first version that had folders. */
const [FLAGS, VERSION] = [0x0800, 20];

/** @typedef {{ name: string, content: Blob }} Entry */

/**
 * @param {readonly Entry[]} entries
 * @param {(bytes: Uint8Array, before: number) => number} crc32
 * @returns {Promise<Blob>}
 */
export async function zip(entries, crc32) {
  /** @type {BlobPart[]} */
  const parts = [];
  /** @type {BlobPart[]} */
  const directory = [];
  let [offset, directoryBytes] = [0, 0];
  for (const { name, content } of entries) {
    const path = new TextEncoder().encode(name);
    const sum = await checksum(content, crc32);
    const fields = [FLAGS, 0, 0, 0x21, sum, content.size, content.size, path.length, 0];
    const widths = [2, 2, 2, 2, 4, 4, 4, 2, 2];
    const local = numbers([0x04034b50, VERSION, ...fields], [4, 2, ...widths]);
    parts.push(local, path, content);
    const central = numbers(
      [0x02014b50, VERSION, VERSION, ...fields, 0, 0, 0, 0, offset],
      [4, 2, 2, ...widths, 2, 2, 2, 4, 4],
    );
    directory.push(central, path);
    directoryBytes += central.length + path.length;
    offset += local.length + path.length + content.size;
    if (offset > LARGEST) throw new Error("a zip file has room for 4 GB, and this is more");
  }
  const end = numbers(
    [0x06054b50, 0, 0, entries.length, entries.length, directoryBytes, offset, 0],
    [4, 2, 2, 2, 2, 4, 4, 2],
  );
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

/**
 * @param {Blob} content
 * @param {(bytes: Uint8Array, before: number) => number} crc32
 */
async function checksum(content, crc32) {
  let sum = 0;
  for (let begin = 0; begin < content.size; begin += PART_BYTES) {
    sum = crc32(new Uint8Array(await content.slice(begin, begin + PART_BYTES).arrayBuffer()), sum);
  }
  return sum;
}

/**
 * Numbers one after another, the lowest byte first.
 *
 * @param {readonly number[]} values
 * @param {readonly number[]} widths their bytes
 */
function numbers(values, widths) {
  const bytes = widths.flatMap((width, i) =>
    Array.from({ length: width }, (_, place) => Math.floor((values[i] ?? 0) / 256 ** place) % 256),
  );
  return Uint8Array.from(bytes);
}
