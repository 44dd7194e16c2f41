/**
 * @file Bytes as visible characters (Radford et al., "Language Models are Unsupervised Multitask Learners", 2019, `encoder.py`): a
 * printable Latin-1 character stands for its own byte, and the other bytes take the code points from 256 on, in order.
 */

/** The character that stands for each byte. */
export function byteAlphabet(): string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCodePoint(isPrintable(byte) ? byte : next++),
  );
}

const isPrintable = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);

const ALPHABET: readonly string[] = byteAlphabet();
const BYTES: ReadonlyMap<string, number> = new Map(ALPHABET.map((each, byte) => [each, byte]));
const SPACE = ALPHABET[0x20] ?? "";
const ENCODER = new TextEncoder();

/** The bytes of a text, as the characters that stand for them. */
export function spellBytes(text: string): string {
  // All but the space stand for themselves.
  if (/^ ?[!-~]*$/.test(text)) return text.startsWith(" ") ? SPACE + text.slice(1) : text;
  let spelled = "";
  for (const byte of ENCODER.encode(text)) spelled += ALPHABET[byte] ?? "";
  return spelled;
}

/** The bytes that a token stands for: those of its characters, or of the token as it is if one of them stands for none. */
export function bytesOfSpelling(token: string): readonly number[] {
  const bytes = Array.from(token, (character) => BYTES.get(character));
  const known = bytes.filter((byte) => byte !== undefined);
  return known.length === bytes.length ? known : [...ENCODER.encode(token)];
}
