/** @file A message of a conversation, as templates know it. */

/** One turn of a conversation, with all that a template may want to know of it: "tool_calls", "reasoning_content", "name". */
export interface ChatMessage {
  /** "system", "user", "assistant", or what else the template knows. */
  readonly role: string;
  /** Null beside tool calls, say. */
  readonly content?: string | null;
  readonly [field: string]: unknown;
}
