/**
 * @file Records of a TensorBoard event file: TFRecord framing around `tensorflow.Event` (tensorflow/core/util/event.proto, summary.proto and
 * framework/tensor.proto).
 *
 *   record      length (8 bytes), masked CRC-32C of it, data, masked CRC-32C of the data; numbers from the lowest byte on
 *   masked      (crc >> 15 | crc << 17) + 0xa282ead8
 *
 * The first record of a file says its version.
 */

import { crc32c } from "../../host/crc32.ts";
import {
  doubleField,
  type Field,
  floatField,
  intField,
  message,
  messageField,
  stringField,
} from "../../files/protobuf.ts";

/** What an event carries: a field of `Event`. */
export type Content = Field;

/** An event that is written. */
interface EventParts {
  /** Since 1970. */
  readonly seconds: number;
  readonly step: number;
  readonly content: Content;
}

/** `SessionLog.START`. */
const SESSION_START = 1;
/** The type of a tensor of texts. */
const DT_STRING = 7;

/** The first event of a file. */
export const VERSION: Content = stringField(3, "brain.Event:2");

/** What was written before with this step or a later one is void. */
export const RESTART: Content = messageField(7, [intField(1, SESSION_START)]);

/** Values of one step. */
export const summary = (values: readonly Field[]): Content => messageField(5, values);

/** A number under a tag. */
export const scalar = (tag: string, value: number): Field =>
  messageField(1, [stringField(1, tag), floatField(2, value)]);

/** A text in Markdown under a tag. */
export const textValue = (tag: string, text: string): Field =>
  messageField(1, [
    stringField(1, tag),
    messageField(8, [
      intField(1, DT_STRING),
      messageField(2, [messageField(2, [intField(1, 1)])]), // shape [1]
      stringField(8, text),
    ]),
    messageField(9, [messageField(1, [stringField(1, "text")])]), // the plugin that shows it
  ]);

/** An event with its frame. */
export function eventRecord({ seconds, step, content }: EventParts): Uint8Array {
  // proto3 leaves out what is 0.
  const stepField = step === 0 ? [] : [intField(2, step)];
  const data = message([doubleField(1, seconds), ...stepField, content]);
  const record = new Uint8Array(8 + 4 + data.length + 4);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(crc32c(record.subarray(0, 8))), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(data)), true);
  return record;
}

const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
