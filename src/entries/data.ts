/** @file What models learn from: files of texts, pairs, conversations and labelled texts, folders of images, and batches of them. */

export * from "../data/index.ts";
export * from "../images/index.ts";
