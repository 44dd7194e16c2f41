/** @file Tokenizers, and conversations as tokens. */

export { bpeSize, type BpeTrainer, bpeTrainer, trainBpe } from "./tokenizers/bpe.ts";
export { byteTokenizer } from "./tokenizers/bytes.ts";
export { type Chat, type ChatEncoding, createChat } from "./chat/chat.ts";
export type {
  ChatMessage,
  ChatTemplateOptions,
  RenderOptions,
  Range,
} from "./chat/chat-template.ts";
export { loadTokenizer } from "./tokenizers/huggingface.ts";
export { streamDecoder, type StreamDecoder } from "./stream.ts";
export type { Encoding, Tokenizer } from "./tokenizers/tokenizer.ts";
