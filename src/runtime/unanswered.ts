/**
 * @file Programs that write into the buffers they are given, and answer nothing.
 *
 * onnxruntime-node writes fetched outputs in place, and then answers with a copy of each all the same: 0.5 ms of processor time a
 * megabyte, and memory until V8 collects it. It makes the copies in the order of the outputs, and stops at one that JavaScript has no
 * type for. So every program gets an empty sequence as its first output; by the time it is refused, all buffers are written.
 */

import { intField, type Field, message, messageField, stringField } from "../files/protobuf.ts";

/** The name of the output that stops the copies. */
export const UNANSWERED = "flora.unanswered";

/** The binding's own words. */
const REFUSED = "Non tensor type is temporarily not supported.";

/** onnx.proto: TypeProto with `tensor_type` (1) of float32, and with `sequence_type` (4) of such tensors. */
const TENSOR_TYPE: Field = messageField(1, [intField(1, 1)]);
const SEQUENCE_TYPE: Field = messageField(4, [messageField(1, [TENSOR_TYPE])]);

/** A model of one node, `SequenceEmpty`. A message that comes twice is one message whose lists are joined, in that order. */
const FIRST_OUTPUT = message([
  messageField(7, [
    messageField(1, [stringField(2, UNANSWERED), stringField(4, "SequenceEmpty")]),
    messageField(12, [stringField(1, UNANSWERED), messageField(2, [SEQUENCE_TYPE])]),
  ]),
]);

/** The bytes of a model with that output before all others. */
export function unansweredModel(bytes: Uint8Array): Uint8Array {
  const model = new Uint8Array(FIRST_OUTPUT.length + bytes.length);
  model.set(FIRST_OUTPUT);
  model.set(bytes, FIRST_OUTPUT.length);
  return model;
}

/** Runs such a model. @throws what running throws, but for the refusal of the answer. */
export async function unanswered(run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof Error) || error.message !== REFUSED) throw error;
  }
}
