/** @file Tokenizers, and conversations as tokens. */

export { bpeSize, type BpeTrainer, bpeTrainer, trainBpe } from "./tokenizers/bpe.ts";
export { byteTokenizer } from "./tokenizers/bytes.ts";
export type { AnswerEnd } from "./chat/answer-end.ts";
export { type Chat, createChat } from "./chat/chat.ts";
export type {
  ChatTemplateOptions,
  ConversationOptions,
  RenderOptions,
  TurnOptions,
} from "./chat/chat-template.ts";
export { withChatTemplate } from "./chat/given-template.ts";
export type { ChatMessage } from "./chat/message.ts";
export type { Range } from "./chat/turns.ts";
export type { ChatEncoding } from "./chat/turn-encoder.ts";
export { loadTokenizer } from "./tokenizers/huggingface.ts";
export { streamDecoder, type StreamDecoder } from "./stream.ts";
export { addedTokenTexts } from "./token-texts.ts";
export type { Encoding, Tokenizer } from "./tokenizers/tokenizer.ts";
