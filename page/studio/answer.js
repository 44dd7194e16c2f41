/** @file What a model says: its answer, where it knows conversations, else how a text goes on. */

/** @import { Runtime } from "flora-train" */
/** @import { LoadedModel } from "flora-train/generate" */

import { completeText, createDecoder, generateText, UsageError } from "flora-train";
import { createChat } from "flora-train/text";

/** As `flora generate` has it. */
const USUAL_NEW_TOKENS = 128;

/**
 * @param {LoadedModel} loaded
 * @param {Runtime} runtime
 * @param {string} question
 * @param {(text: string) => void} onText hears what there is of the answer, as it grows
 * @returns {Promise<string>} all of it
 */
export async function answer({ model, weights, tokenizer, generation }, runtime, question, onText) {
  const chat = chatOf(tokenizer);
  const end = chat?.answerEnd();
  const { endOfText } = tokenizer;
  const decoder = createDecoder(model, runtime, weights);
  try {
    const prompt = chat ? chat.encodePrompt([{ role: "user", content: question }]) : question;
    const options = {
      ...(generation.options.maxLength === undefined && { maxNewTokens: USUAL_NEW_TOKENS }),
      ...generation.options,
      stopTokens: [
        ...(endOfText === undefined ? [] : [endOfText]),
        ...(generation.options.stopTokens ?? []),
        ...(end?.stopTokens ?? []),
      ],
      stopStrings: end?.stopStrings ?? [],
    };
    if (options.beams !== undefined && options.beams !== 1) {
      const [found] = await completeText({ model, decoder, tokenizer }, [prompt], options);
      return found?.text ?? "";
    }
    let said = "";
    for await (const { text } of generateText({ model, decoder, tokenizer }, [prompt], options)) {
      said += text;
      onText(said);
    }
    return said;
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
