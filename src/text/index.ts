export { bpeSize, trainBpe } from "./bpe.ts";
export { byteTokenizer } from "./bytes.ts";
export { loadTokenizer } from "./huggingface.ts";
export { streamDecoder, type StreamDecoder } from "./stream.ts";
export type { Tokenizer } from "./tokenizer.ts";
