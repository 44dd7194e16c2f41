/** @file Tokenizers, and conversations as tokens. */

export { bpeSize, trainBpe } from "./bpe.ts";
export { byteTokenizer } from "./bytes.ts";
export { type Chat, type ChatEncoding, createChat } from "./chat.ts";
export type { ChatMessage, ChatTemplateOptions, RenderOptions } from "./chat-template.ts";
export { loadTokenizer } from "./huggingface.ts";
export { streamDecoder, type StreamDecoder } from "./stream.ts";
export type { Encoding, Tokenizer } from "./tokenizer.ts";
