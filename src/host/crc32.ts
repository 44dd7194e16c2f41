/** @file CRC-32 as in zlib, ISO 3309 and PNG, for hosts that have none of their own; and CRC-32C (Castagnoli), as in iSCSI and TFRecord. */

/** The checksum of bytes, going on from that of what stands before them. */
export const crc32 = (bytes: Uint8Array, before = 0): number => checksum(ZLIB, bytes, before);

/** The same by the polynomial of Castagnoli. */
export const crc32c = (bytes: Uint8Array, before = 0): number =>
  checksum(CASTAGNOLI, bytes, before);

function checksum(table: Uint32Array, bytes: Uint8Array, before: number): number {
  let remainder = ~before;
  for (const byte of bytes) {
    remainder = (remainder >>> 8) ^ (table[(remainder ^ byte) & 255] ?? 0);
  }
  return ~remainder >>> 0;
}

/** The remainder of each byte by a reversed polynomial. */
const tableOf = (polynomial: number): Uint32Array =>
  Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) {
      remainder = remainder & 1 ? (remainder >>> 1) ^ polynomial : remainder >>> 1;
    }
    return remainder;
  });

const ZLIB = tableOf(0xedb88320);
const CASTAGNOLI = tableOf(0x82f63b78);
