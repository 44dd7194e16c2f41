import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { byteTokenizer, createChat, withChatTemplate } from "../../../src/text/index.ts";
import { nodeFiles, write } from "../../support/files.ts";

const MESSAGES = [
  { role: "user", content: "Hi" },
  { role: "assistant", content: "Ho" },
];

describe("withChatTemplate", () => {
  // The forms that the cards of the models show: Zephyr 7B, Mistral 7B Instruct v0.1, Gemma 2B it, Llama 3 8B Instruct, Stanford Alpaca.
  it.each([
    [
      "chatml",
      "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHo<|im_end|>\n",
      "<|im_start|>assistant\n",
    ],
    [
      "llama3",
      "<|start_header_id|>system<|end_header_id|>\n\nBe kind.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>" +
        "<|start_header_id|>assistant<|end_header_id|>\n\nHo<|eot_id|>",
      "<|start_header_id|>assistant<|end_header_id|>\n\n",
    ],
    [
      "gemma",
      "<start_of_turn>user\nBe kind.\n\nHi<end_of_turn>\n<start_of_turn>model\nHo<end_of_turn>\n",
      "<start_of_turn>model\n",
    ],
    ["mistral", "[INST] Be kind.\n\nHi [/INST] Ho<|endoftext|>", ""],
    [
      "zephyr",
      "<|system|>\nBe kind.<|endoftext|>\n<|user|>\nHi<|endoftext|>\n<|assistant|>\nHo<|endoftext|>\n",
      "<|assistant|>\n",
    ],
    [
      "alpaca",
      "Be kind.\n\n### Instruction:\nHi\n\n### Response:\nHo<|endoftext|>\n\n",
      "### Response:\n",
    ],
    ["plain", "system:\nBe kind.\n\nuser:\nHi\n\nassistant:\nHo<|endoftext|>\n\n", "assistant:\n"],
  ])("knows %s", async (name, text, prompt) => {
    const tokenizer = await withChatTemplate(nodeFiles, byteTokenizer(), name);
    const chat = createChat(tokenizer);
    const messages = [{ role: "system", content: "Be kind." }, ...MESSAGES];
    expect(chat.render(messages)).toBe(text);
    expect(chat.render(messages, { addGenerationPrompt: true })).toBe(text + prompt);
    expect(chat.encode(messages)[0]?.assistant).toHaveLength(1);
    const { stopTokens, problem } = chat.answerEnd();
    expect(problem).toBeUndefined();
    expect(stopTokens).toHaveLength(1);
  });

  it("makes special tokens of marks, after all others, and no more where they are there", async () => {
    const own = byteTokenizer();
    const tokenizer = await withChatTemplate(nodeFiles, own, "chatml");
    expect(tokenizer.vocabularySize).toBe(own.vocabularySize + 2);
    expect([...tokenizer.encode("a<|im_start|>")]).toEqual([
      ...own.encode("a"),
      own.vocabularySize,
    ]);
    expect(tokenizer.decode(tokenizer.encode("a<|im_end|>b"))).toBe("ab");
    const again = await withChatTemplate(nodeFiles, tokenizer, "chatml");
    expect(again.vocabularySize).toBe(tokenizer.vocabularySize);
  });

  it("takes a template as it is written, with the marks that are in it", async () => {
    const source = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}";
    const own = byteTokenizer();
    const tokenizer = await withChatTemplate(nodeFiles, own, source);
    expect(createChat(tokenizer).render(MESSAGES)).toBe("<|user|>Hi<|end|><|assistant|>Ho<|end|>");
    expect(tokenizer.vocabularySize).toBe(own.vocabularySize + 1);
  });

  it("ends an answer with a token that every tokenizer has, if it is plain", async () => {
    const tokenizer = byteTokenizer();
    const chat = createChat(await withChatTemplate(nodeFiles, tokenizer, "plain"));
    expect(chat.answerEnd()).toEqual({ stopTokens: [tokenizer.endOfText], stopStrings: [] });
  });

  it("takes a file, in place of the tokenizer's own template", async () => {
    const [path = ""] = await write({ "chat.jinja": "{{ messages[0].content }}!" });
    const own = byteTokenizer();
    const config = JSON.stringify({ eos_token: "</s>", chat_template: "own" });
    const tokenizer = { ...own, files: new Map([["tokenizer_config.json", config]]) };
    const changed = await withChatTemplate(nodeFiles, tokenizer, path);
    expect(createChat(changed).render(MESSAGES)).toBe("Hi!");
    expect(Object.fromEntries(changed.files)).toEqual({
      "chat_template.jinja": "{{ messages[0].content }}!",
      "tokenizer_config.json": '{\n  "eos_token": "</s>"\n}\n',
    });
  });

  it("refuses what is neither", async () => {
    const refused = withChatTemplate(nodeFiles, byteTokenizer(), "chatlm");
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(
      "must be one of chatml, llama3, gemma, mistral, zephyr, alpaca, plain, a file, or a template; got chatlm",
    );
  });
});
