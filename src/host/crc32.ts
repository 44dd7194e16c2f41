/** @file CRC-32 as in zlib, ISO 3309 and PNG, for hosts that have none of their own. */

/** The reversed polynomial. */
const POLYNOMIAL = 0xedb88320;

/** The remainder of each byte. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) {
    remainder = remainder & 1 ? (remainder >>> 1) ^ POLYNOMIAL : remainder >>> 1;
  }
  return remainder;
});

/** The checksum of bytes, going on from that of what stands before them. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let remainder = ~before;
  for (const byte of bytes) {
    remainder = (remainder >>> 8) ^ (TABLE[(remainder ^ byte) & 255] ?? 0);
  }
  return ~remainder >>> 0;
}
