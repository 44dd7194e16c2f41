/** @file A message of a conversation, as templates know it. */

/** One turn of a conversation, with all that a template may want to know of it: "tool_calls", "reasoning_content", "name". */
export interface ChatMessage {
  /** "system", "user", "assistant", or what else the template knows. */
  readonly role: string;
  /** Null beside tool calls, say. */
  readonly content?: string | null;
  readonly [field: string]: unknown;
}

/** Names under which messages have what was thought; the first is the one that templates know. */
const THOUGHTS = ["reasoning_content", "thinking", "reasoning"];

/** A message as transformers gives it to templates: without fields that are null, and with what was thought under all of its names. */
export function forTemplate(message: ChatMessage): Readonly<Record<string, unknown>> {
  const fields = Object.fromEntries(
    Object.entries(message).filter(([, value]) => value !== null && value !== undefined),
  );
  const thought = THOUGHTS.map((name) => fields[name]).find((value) => value !== undefined);
  return thought === undefined
    ? fields
    : { thinking: thought, ...fields, reasoning_content: thought };
}
