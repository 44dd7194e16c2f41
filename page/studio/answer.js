/** @file What a model says: its answer, where it knows conversations, else how a text goes on. */

/** @import { Runtime } from "flora-train" */
/** @import { LoadedModel } from "flora-train/generate" */

import { completeText, createDecoder, UsageError } from "flora-train";
import { createChat } from "flora-train/text";

/** As `flora generate` has it. */
const USUAL_NEW_TOKENS = 128;

/**
 * @param {LoadedModel} loaded
 * @param {Runtime} runtime
 * @param {string} question
 */
export async function answer({ model, weights, tokenizer, generation }, runtime, question) {
  const chat = chatOf(tokenizer);
  const end = chat?.answerEnd();
  const { endOfText } = tokenizer;
  const decoder = createDecoder(model, runtime, weights);
  try {
    const prompt = chat ? chat.encodePrompt([{ role: "user", content: question }]) : question;
    const [made] = await completeText({ model, decoder, tokenizer }, [prompt], {
      ...(generation.options.maxLength === undefined && { maxNewTokens: USUAL_NEW_TOKENS }),
      ...generation.options,
      stopTokens: [
        ...(endOfText === undefined ? [] : [endOfText]),
        ...(generation.options.stopTokens ?? []),
        ...(end?.stopTokens ?? []),
      ],
      stopStrings: end?.stopStrings ?? [],
    });
    return made?.text ?? "";
  } finally {
    await decoder.release();
  }
}

/**
 * @param {LoadedModel["tokenizer"]} tokenizer
 * @returns {ReturnType<typeof createChat> | undefined} undefined for a model that knows no conversations
 */
function chatOf(tokenizer) {
  try {
    return createChat(tokenizer);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}
