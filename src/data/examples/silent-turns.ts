/**
 * @file Which turns are not to be learned. OpenAI and Mistral give a turn the weight 0, axolotl and others say `train: false`, ms-swift
 * `loss: false`, torchtune `masked: true`.
 */

import { typeInWords } from "./cells.ts";
import type { Fail } from "./messages.ts";
import type { ChatMessage } from "../../text/chat/message.ts";

/** Fields that say whether a turn counts, with what they are when it does. */
const COUNTS: Readonly<Record<string, boolean>> = {
  loss: true,
  train: true,
  trainable: true,
  training: true,
  weight: true,
  mask: false,
  masked: false,
};

/** Fields that say it of parts of a turn, which cannot be done here. */
const IN_PARTS = ["train_detail", "training_detail", "loss_scale"];

/**
 * Whether a message says of itself that it is not to be learned.
 *
 * @throws what `fail` makes, if it counts in part.
 */
export function isSilent(message: ChatMessage, fail: Fail): boolean {
  const inParts = IN_PARTS.find((field) => (message[field] ?? undefined) !== undefined);
  if (inParts !== undefined) throw fail(`counts as a whole or not at all; got "${inParts}"`);
  return Object.entries(COUNTS).some(([field, whenCounting]) => {
    const value = message[field] ?? undefined;
    if (value === undefined) return false;
    if (value !== true && value !== false && value !== 0 && value !== 1) {
      const got = typeof value === "number" ? String(value) : typeInWords(value);
      throw fail(`may have "${field}" true or false, 1 or 0; got ${got}`);
    }
    return Boolean(value) !== whenCounting;
  });
}
